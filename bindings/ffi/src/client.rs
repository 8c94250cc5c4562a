//! The object that applications hold.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use heliograph_client::{Client, Error, ErrorCode, NetworkId, NetworkState, PowerState, Settings};
use zeroize::Zeroizing;

use crate::argument;
use crate::connection::{Connection, ConnectionChanges, Traffic, Usage};
use crate::conversation::{Conversation, ConversationFeed, Member, Notification};
use crate::delivery::Delivery;
use crate::error::{Failure, HeliographError, closed};
use crate::push::{Push, PushChanges, PushTarget};
use crate::runtime::{OwnRuntime, Worker};
use crate::search::SearchHit;
use crate::timeline::{MessageFeed, Older, Timeline, Unreadable};

/// What [`HeliographClient::catch_up`] brought.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CatchUpReport {
    /// Messages of others that are new. Not counted, and so 0, where the app suspended the client meanwhile.
    pub new_messages: u64,
    /// What ended it.
    pub end: CatchUpEnd,
    /// Why, where there was no connection and none to be had before the deadline.
    pub failure: Option<Failure>,
}

/// What ended a [`HeliographClient::catch_up`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum CatchUpEnd {
    /// Everything that waited is here.
    Complete,
    /// The deadline came first. What was read until then is here, and the next time goes on from there.
    Deadline,
    /// There is no network.
    Offline,
    /// No connection, and none to be had before the deadline: see the failure.
    Failed,
    /// The app suspended the client meanwhile.
    Suspended,
}

impl From<heliograph_client::CatchUpReport> for CatchUpReport {
    fn from(report: heliograph_client::CatchUpReport) -> Self {
        let (end, failure) = match report.end {
            heliograph_client::CatchUpEnd::Complete => (CatchUpEnd::Complete, None),
            heliograph_client::CatchUpEnd::Deadline => (CatchUpEnd::Deadline, None),
            heliograph_client::CatchUpEnd::Offline => (CatchUpEnd::Offline, None),
            heliograph_client::CatchUpEnd::Failed(code) => (CatchUpEnd::Failed, Some(code.into())),
            heliograph_client::CatchUpEnd::Suspended => (CatchUpEnd::Suspended, None),
        };
        Self { new_messages: report.new_messages, end, failure }
    }
}

/// What the user has chosen for an account.
#[uniffi::remote(Record)]
pub struct Settings {
    /// Others learn when their messages were shown here. On unless the user says otherwise.
    pub read_receipts: bool,
}

/// One account on this device, with threads of its own. All methods may be called from any thread.
///
/// Call [`Self::shutdown`] when done with it. A client that is merely forgotten stops as well, but at no certain moment.
#[derive(uniffi::Object)]
pub struct HeliographClient {
    address: String,
    name: String,
    /// `None` after the end. Taken before the runtime ends; declared before it, so that it is dropped first.
    client: RwLock<Option<Arc<Client>>>,
    runtime: OwnRuntime,
    /// Lets a second caller of [`Self::shutdown`] wait for the first.
    ending: tokio::sync::Mutex<()>,
}

impl HeliographClient {
    fn client(&self) -> Result<Arc<Client>, Error> {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)
    }

    fn worker(&self) -> &Worker {
        self.runtime.worker()
    }

    /// Runs `work` with the client on the client's threads, to its end.
    async fn run<T, W>(&self, work: impl FnOnce(Arc<Client>) -> W) -> Result<T, HeliographError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let work = work(self.client()?);
        Ok(self.worker().run(work).await?)
    }
}

#[uniffi::export]
impl HeliographClient {
    /// Opens an account that [`add_account`](crate::add_account) made. Does not connect.
    ///
    /// Errors: `InvalidArgument` (a key that has not 32 bytes), `StoreLocked` (wrong key), `StoreCorrupt`, `StoreTooNew`,
    /// `StoreBusy` (open elsewhere), `NotFound` (no account there).
    #[uniffi::constructor]
    pub async fn open(path: String, key: Vec<u8>) -> Result<Arc<Self>, HeliographError> {
        let location = argument::store_location(&path, key)?;
        let runtime = OwnRuntime::start()?;
        let client = match runtime.worker().run(async move { Client::open(location) }).await {
            Ok(client) => client,
            Err(error) => {
                runtime.join().await;
                return Err(error.into());
            }
        };
        Ok(Arc::new(Self {
            address: client.address().to_string(),
            name: client.address().name(),
            client: RwLock::new(Some(Arc::new(client))),
            runtime,
            ending: tokio::sync::Mutex::default(),
        }))
    }

    /// Our account, `name@server`.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// What to call our account: what others see of it, and what to be called in ordinary rooms.
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// The link to our account, as for a QR code: `xmpp:ana@example.org`. See [`read_address`](crate::read_address).
    pub fn contact_uri(&self) -> Result<String, HeliographError> {
        Ok(self.client()?.contact_uri())
    }

    /// The account has another password, usually after `AuthenticationFailed`: it is kept, and tried at once. Whether the
    /// server takes it is told by [`Self::connection`]. A session that is online is left alone; the password is used for the
    /// next one.
    pub async fn set_password(&self, password: String) -> Result<(), HeliographError> {
        let password = Zeroizing::new(password);
        self.run(|client| async move { client.set_password(password.as_str()).await }).await
    }

    /// Connects, and stays connected as far as the network allows, until [`Self::suspend`]. After a failure that retrying
    /// can't cure this is also how to try again.
    pub fn start(&self) -> Result<(), HeliographError> {
        self.client()?.start();
        Ok(())
    }

    /// Says goodbye to the server and closes everything. When this returns, no timer is armed and no file of the database
    /// is open; the client's threads sleep. Idempotent.
    pub async fn suspend(&self) -> Result<(), HeliographError> {
        self.run(|client| async move { client.suspend().await }).await
    }

    /// Opens the database again after [`Self::suspend`]; [`Self::start`] connects. Idempotent.
    pub async fn resume(&self) -> Result<(), HeliographError> {
        self.run(|client| async move { client.resume().await }).await
    }

    /// For push messages and background refresh: connects, reads what waits, and suspends again, unless the app has called
    /// [`Self::start`] or [`Self::resume`] before or meanwhile. Returns when everything is here, when waiting is of no use,
    /// and in any case before `deadline_ms` milliseconds have passed, with whatever came until then. May be called on a
    /// suspended, an open and a running client, and several times at once.
    pub async fn catch_up(&self, deadline_ms: u64) -> Result<CatchUpReport, HeliographError> {
        let deadline = Duration::from_millis(deadline_ms);
        Ok(self.run(|client| async move { client.catch_up(deadline).await }).await?.into())
    }

    /// When a client that sleeps should be woken for [`Self::catch_up`] although nobody asks for it, in milliseconds since
    /// 1970; `None`: not needed. To be asked after [`Self::suspend`] or a catch-up, and given to the operating system (a job
    /// on Android, a background task on iOS), to be run when there is a network at that time or later.
    pub async fn next_catch_up(&self) -> Result<Option<i64>, HeliographError> {
        let next = self.run(|client| async move { client.next_catch_up().await }).await?;
        Ok(next.map(|moment| moment.0))
    }

    /// Has the server announce messages at an app server while this device sleeps (XEP-0357), and nowhere else. Everything
    /// in the target is the app server's and passed on as it is. The wish is kept, and made again with each new session;
    /// [`Self::push`] tells how far it is.
    pub async fn enable_push(&self, target: PushTarget) -> Result<(), HeliographError> {
        let target = target.try_into()?;
        self.run(|client| async move { client.enable_push(target).await }).await
    }

    /// Takes [`Self::enable_push`] back. Until the server knows, it may go on announcing.
    pub async fn disable_push(&self) -> Result<(), HeliographError> {
        self.run(|client| async move { client.disable_push().await }).await
    }

    /// How far push has got.
    pub async fn push(&self) -> Result<Push, HeliographError> {
        Ok(self.run(|client| async move { client.push() }).await?.into())
    }

    /// Subscribes to how far push has got.
    pub fn push_changes(&self) -> Result<Arc<PushChanges>, HeliographError> {
        let changes = self.client()?.push_changes();
        Ok(Arc::new(PushChanges::new(changes, self.worker().clone())))
    }

    /// [`Self::suspend`] for good. When this returns, every subscription has ended and no thread of the client is left.
    /// Idempotent; everything else then fails with `Closed`.
    pub async fn shutdown(&self) -> Result<(), HeliographError> {
        let _one_at_a_time = self.ending.lock().await;
        let client = self.client.write().unwrap_or_else(PoisonError::into_inner).take();
        let result = match client {
            Some(client) => self.worker().run(async move { client.suspend().await }).await,
            None => Ok(()),
        };
        self.runtime.join().await;
        Ok(result?)
    }

    /// The operating system says how the network is. Without one nothing is tried and no timer runs.
    ///
    /// `id` names it, the same each time the phone is on it: then what it stands is learned. `previous_gone` says that the
    /// network before it no longer exists, so that its sockets are dead. `name_servers` are the IP addresses that the
    /// system asks for names on this network (Android: `LinkProperties.getDnsServers`); without them SRV records are not
    /// looked up on Android and iOS.
    #[uniffi::method(default(id = None, previous_gone = false, name_servers = []))]
    pub fn network_changed(
        &self,
        available: bool,
        id: Option<String>,
        previous_gone: bool,
        name_servers: Vec<String>,
    ) -> Result<(), HeliographError> {
        let id = id.map(NetworkId::new);
        let name_servers =
            name_servers.into_iter().map(|server| server.parse()).collect::<Result<_, _>>().map_err(
                |_| Error::new(ErrorCode::InvalidArgument, "a name server is given by its IP address"),
            )?;
        self.client()?.network_changed(NetworkState { available, id, previous_gone, name_servers });
        Ok(())
    }

    /// The operating system says how the power is.
    pub fn power_changed(&self, power: PowerState) -> Result<(), HeliographError> {
        self.client()?.power_changed(power);
        Ok(())
    }

    /// The app came to the front or went behind.
    pub fn app_state_changed(&self, foreground: bool) -> Result<(), HeliographError> {
        self.client()?.app_state_changed(foreground);
        Ok(())
    }

    /// The state of the connection now.
    pub fn connection(&self) -> Result<Connection, HeliographError> {
        Ok(self.client()?.connection().into())
    }

    /// Subscribes to the state of the connection.
    pub fn connection_changes(&self) -> Result<Arc<ConnectionChanges>, HeliographError> {
        let changes = self.client()?.connection_changes();
        Ok(Arc::new(ConnectionChanges::new(changes, self.worker().clone())))
    }

    /// What was sent and received since the account was opened.
    pub fn traffic(&self) -> Result<Traffic, HeliographError> {
        Ok(self.client()?.traffic().into())
    }

    /// How many tasks live on the client's threads: the client's own, and one for each call that has not returned. For support,
    /// and for tests that look for what subscriptions leave behind. A call that was given up may be counted for a moment more.
    pub fn tasks(&self) -> u64 {
        u64::try_from(self.runtime.tasks()).unwrap_or(u64::MAX)
    }

    /// What the account cost in the last seven days, by what the phone was doing. Kept over restarts. Time for which the client
    /// was suspended counts nowhere.
    pub async fn usage(&self) -> Result<Usage, HeliographError> {
        Ok(self.run(|client| async move { client.usage().await }).await?.into())
    }

    /// Subscribes to the list of conversations.
    pub async fn conversations(&self) -> Result<Arc<ConversationFeed>, HeliographError> {
        let worker = self.worker().clone();
        Ok(Arc::new(self.run(|client| async move { ConversationFeed::new(client, worker) }).await?))
    }

    /// One conversation. Errors: `NotFound`.
    pub async fn conversation(&self, id: i64) -> Result<Conversation, HeliographError> {
        let id = argument::conversation(id);
        Ok(self.run(|client| async move { client.conversation(id) }).await?.into())
    }

    /// The accounts in a group, ours first, then by name; empty for chats and ordinary rooms.
    pub async fn members(&self, conversation: i64) -> Result<Vec<Member>, HeliographError> {
        let id = argument::conversation(conversation);
        let members = self.run(|client| async move { client.members(id) }).await?;
        Ok(members.into_iter().map(Into::into).collect())
    }

    /// The conversations with unread messages, the one with the newest activity first, each with the newest
    /// `per_conversation` (1 to 25) of them: what the app's notifications should show now, after [`Self::catch_up`] or a
    /// change. Messages from before this device had the account are not among them.
    pub async fn notifications(&self, per_conversation: u32) -> Result<Vec<Notification>, HeliographError> {
        let count = argument::count(per_conversation)?;
        let all = self.run(|client| async move { client.notifications(count) }).await?;
        Ok(all.into_iter().map(Into::into).collect())
    }

    /// Subscribes to one conversation's messages. Errors: `NotFound`.
    pub async fn timeline(&self, conversation: i64) -> Result<Arc<Timeline>, HeliographError> {
        let id = argument::conversation(conversation);
        let worker = self.worker().clone();
        Ok(Arc::new(self.run(|client| async move { Timeline::new(&client, id, worker) }).await?))
    }

    /// Subscribes to the messages of all conversations, from now on.
    pub async fn all_messages(&self) -> Result<Arc<MessageFeed>, HeliographError> {
        let worker = self.worker().clone();
        Ok(Arc::new(self.run(|client| async move { Ok(MessageFeed::new(&client, worker)) }).await?))
    }

    /// Messages that hold all words of the query (the last one may be the beginning of a word), newest first; everywhere,
    /// or within one conversation. Any text is a valid query. Each tells where they stand in it.
    #[uniffi::method(default(within = None, limit = 50))]
    pub async fn search(
        &self,
        query: String,
        within: Option<i64>,
        limit: u32,
    ) -> Result<Vec<SearchHit>, HeliographError> {
        let within = within.map(argument::conversation);
        let limit = argument::count(limit)?;
        let hits = self.run(|client| async move { client.search(&query, within, limit) }).await?;
        Ok(hits.into_iter().map(Into::into).collect())
    }

    /// Opens what an address or a link names, as typed, followed or scanned, and gives the conversation's id: a chat as
    /// [`Self::start_chat`] does, or a room, which is entered under the name of our account.
    pub async fn open_contact(&self, text: String) -> Result<i64, HeliographError> {
        let contact = argument::contact(&text)?;
        Ok(self.run(|client| async move { client.open_contact(&contact).await }).await?.0)
    }

    /// Opens a chat with an account, given by its address or a link, and gives its id at once. It is encrypted if the account
    /// has keys: see the conversation's `security` once its `state` is no longer `Preparing`.
    pub async fn start_chat(&self, contact: String) -> Result<i64, HeliographError> {
        let contact = argument::account(&contact)?;
        Ok(self.run(|client| async move { client.start_chat(&contact).await }).await?.0)
    }

    /// Makes an encrypted group of accounts, given by their addresses or links, and gives its id at once; it is ready when its
    /// state is `Active`, and texts may be sent before.
    pub async fn create_group(&self, name: String, members: Vec<String>) -> Result<i64, HeliographError> {
        let name = argument::xml_text(name)?;
        let members = argument::accounts(&members)?;
        Ok(self.run(|client| async move { client.create_group(&name, &members).await }).await?.0)
    }

    /// Invites accounts into a group, given by their addresses or links.
    pub async fn invite(&self, group: i64, members: Vec<String>) -> Result<(), HeliographError> {
        let group = argument::conversation(group);
        let members = argument::accounts(&members)?;
        self.run(|client| async move { client.invite(group, &members).await }).await
    }

    /// Removes accounts from a group that we own.
    pub async fn remove(&self, group: i64, members: Vec<String>) -> Result<(), HeliographError> {
        let group = argument::conversation(group);
        let members = argument::accounts(&members)?;
        self.run(|client| async move { client.remove(group, &members).await }).await
    }

    /// Enters an ordinary, unencrypted room and gives the conversation's id.
    pub async fn join_room(&self, room: String, nick: String) -> Result<i64, HeliographError> {
        let room = argument::contact(&room)?.address;
        let nick = argument::xml_text(nick)?;
        Ok(self.run(|client| async move { client.join_room(&room, &nick).await }).await?.0)
    }

    /// Queues a text; it is safe on this device when this returns. Gives the row of the message. The conversation's draft is
    /// done with: it goes in the same transaction.
    pub async fn send(&self, conversation: i64, text: String) -> Result<i64, HeliographError> {
        let conversation = argument::conversation(conversation);
        let text = argument::xml_text(text)?;
        self.run(|client| async move { client.send(conversation, &text).await }).await
    }

    /// [`Self::send`] from a notification: everything up to the message in `row` is read, in the same transaction, and what is
    /// being written in the conversation itself stays.
    pub async fn reply(&self, conversation: i64, row: i64, text: String) -> Result<i64, HeliographError> {
        let conversation = argument::conversation(conversation);
        let text = argument::xml_text(text)?;
        self.run(|client| async move { client.reply(conversation, row, &text).await }).await
    }

    /// Keeps what the user is writing in a conversation, so that it outlives the screen and the process; an empty text is
    /// none. At most 256 KiB of any characters. To be called a moment after the last key, when the screen goes away, and no
    /// more once the text was sent. May be called on a suspended client, too, which stays suspended. Errors: `NotFound`,
    /// `TooLarge`, and in a suspended client `StoreBusy` while another process has the account open.
    pub async fn set_draft(&self, conversation: i64, text: String) -> Result<(), HeliographError> {
        let conversation = argument::conversation(conversation);
        self.run(|client| async move { client.set_draft(conversation, &text).await }).await
    }

    /// How far a message of ours has got, to whom, and what it waits for: "why was this not delivered?" Errors: `NotFound` if
    /// there is no such message of ours.
    pub async fn delivery(&self, row: i64) -> Result<Delivery, HeliographError> {
        Ok(self.run(|client| async move { client.delivery(row).await }).await?.into())
    }

    /// Sends a message in state `Failed` once more. It keeps its row and its id, and stands at the end of the timeline.
    /// Errors: `NotFound`, `InvalidArgument` (it did not fail), and those of [`Self::send`].
    pub async fn send_again(&self, row: i64) -> Result<(), HeliographError> {
        self.run(|client| async move { client.send_again(row).await }).await
    }

    /// Takes back a message that failed, or that was never sent. It leaves the timeline, which is announced by a last change of
    /// it: its state is `Discarded` then, and its text empty. Errors: `NotFound`, `InvalidArgument` (it may have reached
    /// somebody).
    pub async fn discard(&self, row: i64) -> Result<(), HeliographError> {
        self.run(|client| async move { client.discard(row).await }).await
    }

    /// How many messages of a conversation can't be read, and why.
    pub async fn unreadable(&self, conversation: i64) -> Result<Vec<Unreadable>, HeliographError> {
        let conversation = argument::conversation(conversation);
        let found = self.run(|client| async move { client.unreadable(conversation) }).await?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// Loads messages from before the newest seam of a conversation: at least `wanted` (1 to 1000), if the server has so
    /// many. Returns when they are stored; the conversation's timeline announces them, too.
    pub async fn load_older(&self, conversation: i64, wanted: u32) -> Result<Older, HeliographError> {
        let conversation = argument::conversation(conversation);
        let wanted = argument::count(wanted)?;
        Ok(self.run(|client| async move { client.load_older(conversation, wanted).await }).await?.into())
    }

    /// What the user has chosen for this account.
    pub async fn settings(&self) -> Result<Settings, HeliographError> {
        self.run(|client| async move { client.settings() }).await
    }

    /// Changes what the user has chosen.
    pub async fn change_settings(&self, settings: Settings) -> Result<(), HeliographError> {
        self.run(|client| async move { client.change_settings(settings).await }).await
    }

    /// The user has seen the conversation up to the message in this row. Unless the user has turned that off (see
    /// [`Self::settings`]), the authors learn it where there are few enough to (in chats, and in encrypted groups of up to 16),
    /// with the next receipts.
    pub async fn mark_read(&self, conversation: i64, row: i64) -> Result<(), HeliographError> {
        let conversation = argument::conversation(conversation);
        self.run(|client| async move { client.mark_read(conversation, row).await }).await
    }
}
