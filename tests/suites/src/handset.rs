//! A phone inside of the test's own process: the client as an app holds it, on a wire of its own.
//!
//! Far quicker than the processes of [`crate::scene`], and as real from the database to the socket; what it can't do is
//! die. What its user sees is folded from the client's own feed of messages.
//!
//! Read first: [`Handset::sign_up`], [`Handset::until`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heliograph_client::{
    AccountConfig, Address, Client, Conversation, ConversationId, ConversationState, DatabaseKey,
    DeliveryState, ErrorCode, Message, ServerOverride, StoreLocation, TlsMode,
};
use heliograph_lab::{Proxy, Server};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Messages that are read from the feed at once.
const AT_ONCE: usize = 200;

/// How long anything may take: longer than a session waits for an acknowledgement (90 s, `core/xmpp`, timeouts) before it
/// gives up a link that died in silence, and then for its next try after many that failed in a row (5 min, record 0014).
const PATIENCE: Duration = Duration::from_mins(7);

/// More than any test writes.
const ALL: usize = 100_000;

/// How many of the last messages an error shows.
const ENOUGH_TO_SEE_WHY: usize = 20;

/// See the module.
pub struct Handset {
    /// The app's side.
    pub client: Client,
    /// Its way to the server.
    pub wire: Proxy,
    name: String,
    screen: Arc<Screen>,
}

/// What was shown, as it was announced last.
#[derive(Default)]
struct Screen {
    messages: Mutex<BTreeMap<i64, Message>>,
    changes: watch::Sender<()>,
}

impl Handset {
    /// Signs an account of the server in, behind a new wire, and connects.
    pub async fn sign_up(server: &Server, folder: &Path, name: &str) -> Self {
        let wire = Proxy::start(server.direct_tls_address()).await.unwrap();
        let account = server.accounts().iter().find(|account| account.name == name).expect("an account");
        let mut config = AccountConfig::new(
            server.address_of(name).parse().expect("an address"),
            account.password.clone(),
        );
        config.server = Some(ServerOverride {
            host: wire.address().ip().to_string(),
            port: wire.address().port(),
            tls: TlsMode::Direct,
        });
        config.extra_ca_pem = Some(server.authority_pem());
        let location = StoreLocation::new(folder.join(format!("{name}.db")), DatabaseKey::new([7; 32]));
        Client::add_account(&location, config).await.expect("signing in");
        let client = Client::open(location).expect("the database");
        let screen = Arc::new(Screen::default());
        let mut feed = client.all_messages();
        let shown = Arc::clone(&screen);
        tokio::spawn(async move {
            while let Ok(changed) = feed.next(AT_ONCE).await {
                shown
                    .messages
                    .lock()
                    .unwrap()
                    .extend(changed.into_iter().map(|message| (message.row, message)));
                shown.changes.send_replace(());
            }
        });
        client.start();
        Self { client, wire, name: name.to_owned(), screen }
    }

    /// Its account's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its account's address.
    pub fn address(&self) -> Address {
        self.client.address().clone()
    }

    /// What the operating system says when it has found another way to the network.
    pub fn network_changes(&self) {
        self.client.network_changed(false);
        self.client.network_changed(true);
    }

    /// Says something.
    pub async fn say(&self, conversation: ConversationId, text: &str) {
        self.client.send(conversation, text).await.expect("it is safe on the phone");
    }

    /// Waits until the screen has something; `what` says what was awaited.
    pub async fn until<Found>(
        &self,
        what: &str,
        mut look: impl FnMut(&BTreeMap<i64, Message>) -> Option<Found>,
    ) -> Found {
        let mut changes = self.screen.changes.subscribe();
        let end = Instant::now() + PATIENCE;
        loop {
            changes.mark_unchanged();
            if let Some(found) = look(&self.screen.messages.lock().unwrap()) {
                return found;
            }
            let news = timeout_at(end, changes.changed()).await;
            assert!(news.is_ok(), "{} waited in vain for {what}; {}", self.name, self.describe());
        }
    }

    /// Its connection, what its wire has carried, and the last that it shows.
    pub fn describe(&self) -> String {
        let connection = self.client.connection();
        let shown = self.screen.messages.lock().unwrap();
        let last = shown.values().rev().take(ENOUGH_TO_SEE_WHY);
        let last: Vec<_> = last.map(|message| (&message.text, message.state)).collect();
        format!("{}: {connection:?}; {:?}; {last:?}", self.name, self.wire.traffic())
    }

    /// Waits until a text is shown.
    pub async fn shows(&self, text: &str) {
        self.until(text, |shown| shown.values().any(|message| message.text == text).then_some(())).await;
    }

    /// Waits until a text of its own is known to be in the archive or with its reader.
    pub async fn has_archived(&self, text: &str) {
        let left = |message: &Message| message.text == text && message.state >= DeliveryState::Archived;
        let what = format!("\"{text}\" to be archived");
        self.until(&what, |shown| shown.values().any(left).then_some(())).await;
    }

    /// Waits until the connection is as wanted.
    pub async fn until_connection<Found>(
        &self,
        what: &str,
        mut look: impl FnMut(&heliograph_client::Connection) -> Option<Found>,
    ) -> Found {
        let mut changes = self.client.connection_changes();
        let end = Instant::now() + PATIENCE;
        let mut now = self.client.connection();
        loop {
            if let Some(found) = look(&now) {
                return found;
            }
            now = match timeout_at(end, changes.next()).await {
                Ok(next) => next.expect("the client lives"),
                Err(late) => {
                    panic!("{} waited in vain for {what} ({late}); its connection: {now:?}", self.name)
                }
            };
        }
    }

    /// Waits until it is connected and has everything.
    pub async fn until_caught_up(&self) {
        self.until_connection("being caught up", |now| now.caught_up.then_some(())).await;
    }

    /// Waits until there is a conversation that can be used, and gives its number.
    pub async fn until_active(&self, what: &str, is_it: impl Fn(&Conversation) -> bool) -> ConversationId {
        let mut conversations = self.client.conversations();
        let end = Instant::now() + PATIENCE;
        let mut now = conversations.snapshot().expect("the database");
        loop {
            let active = |conversation: &&Conversation| {
                conversation.state == ConversationState::Active && is_it(conversation)
            };
            if let Some(found) = now.iter().find(active) {
                return found.id;
            }
            now = match timeout_at(end, conversations.next()).await {
                Ok(changed) => changed.expect("the client lives"),
                Err(late) => panic!("{} waited in vain for {what} ({late})", self.name),
            };
        }
    }

    /// A whole timeline, from old to new.
    pub fn timeline(&self, conversation: ConversationId) -> Vec<Message> {
        self.client.timeline(conversation).snapshot(ALL).expect("the database").messages
    }

    /// The code of what stands in the connection's way.
    pub fn trouble(&self) -> Option<ErrorCode> {
        self.client.connection().error.map(|error| error.code)
    }
}
