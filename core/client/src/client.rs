//! The facade that applications hold.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heliograph_model::{
    Address, Contact, ContactKind, ConversationId, Error, ErrorCode, NetworkState, PowerState, PushState,
    PushTarget, Timestamp,
};
use heliograph_store::message;
use heliograph_store::{inbox, search};
use heliograph_sync::{Command, Connection, ConnectionState, Delivery, Input, Reply, Settings, Usage};
use heliograph_xmpp::session::ServerCertificate;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::account::{self, AccountConfig, StoreLocation};
use crate::catch_up::{self, CatchUpReport, Wakefulness};
use crate::condition::Condition;
use crate::connection::{ConnectionChanges, Traffic};
use crate::conversation::Conversation;
use crate::conversations::Conversations;
use crate::driver::Order;
use crate::notification::{self, Notification};
use crate::push::{self, PushChanges};
use crate::running::{self, Running, failed_inside};
use crate::search::SearchHit;
use crate::shared::{Shared, closed};
use crate::timeline::{MessageFeed, Older, Timeline};
use crate::unreadable::{self, Unreadable};

/// One account on this device. All methods may be called from any thread.
pub struct Client {
    pub(crate) location: StoreLocation,
    address: Address,
    pub(crate) shared: Arc<Shared>,
    runtime: Handle,
    running: Mutex<Option<Running>>,
    /// Lets one lifecycle call finish before the next begins.
    pub(crate) lifecycle: tokio::sync::Mutex<()>,
    wakefulness: Mutex<Wakefulness>,
    /// Kept over a suspension, in which no engine is there to be told.
    condition: Mutex<Condition>,
}

impl Client {
    /// Signs in once to check the account, then creates its database. On failure nothing is left behind.
    pub async fn add_account(location: &StoreLocation, account: AccountConfig) -> Result<(), Error> {
        account::add(location, &account).await
    }

    /// Looks at the certificate that the account's server shows, whether it is trusted or not: to let a person decide about a
    /// server that no authority vouches for ([`AccountConfig::trusted_key`]). A TLS handshake and, before it, what STARTTLS
    /// needs; name and password are neither sent nor needed, and the way through the web server is not tried.
    pub async fn inspect_server(account: &AccountConfig) -> Result<ServerCertificate, Error> {
        account::inspect(account).await
    }

    /// Opens an existing account without connecting. Must be called on a multi-threaded tokio runtime, which the client
    /// goes on using.
    ///
    /// Errors: [`ErrorCode::StoreLocked`] (wrong key), [`ErrorCode::StoreCorrupt`], [`ErrorCode::StoreTooNew`],
    /// [`ErrorCode::StoreBusy`] (open elsewhere), [`ErrorCode::NotFound`] (no account there).
    pub fn open(location: StoreLocation) -> Result<Self, Error> {
        let runtime = Handle::try_current()
            .map_err(|_| Error::new(ErrorCode::InvalidArgument, "a client is opened on a tokio runtime"))?;
        if !location.path.exists() {
            return Err(Error::new(ErrorCode::NotFound, "there is no database in this place"));
        }
        let shared = Shared::new();
        let (running, address) = running::begin(&location, &shared, &runtime)?;
        Ok(Self {
            location,
            address,
            shared,
            runtime,
            running: Mutex::new(Some(running)),
            lifecycle: tokio::sync::Mutex::default(),
            wakefulness: Mutex::default(),
            condition: Mutex::default(),
        })
    }

    /// Our account.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Connects, and stays connected as far as the network allows, until [`Self::suspend`]. After an error that retrying
    /// can't cure (see [`Connection`]) this is also how to try again.
    pub fn start(&self) {
        self.wakefulness().app = true;
        self.tell(Input::Start);
    }

    /// Leaves the server, which keeps the session for a while so that it can be resumed cheaply (XEP-0198 §5), and closes
    /// everything. When this returns, no task of the client runs, no timer is armed
    /// and no file of the database is open. Idempotent.
    pub async fn suspend(&self) -> Result<(), Error> {
        self.wakefulness().app = false;
        let _one_at_a_time = self.lifecycle.lock().await;
        self.stop(None).await
    }

    /// Stops the driver. The lifecycle is the caller's.
    async fn stop(&self, deadline: Option<Instant>) -> Result<(), Error> {
        let Some(running) = self.running().take() else { return Ok(()) };
        let (done, finished) = oneshot::channel();
        // If the driver is gone already there is nobody left to stop.
        let _ = running.orders.send(Order::Stop { deadline, done });
        let result = finished.await.unwrap_or(Ok(()));
        let _ = running.task.await;
        self.shared.connection.send_modify(|connection| connection.state = ConnectionState::Suspended);
        result
    }

    /// Opens the database again after [`Self::suspend`]; [`Self::start`] connects. Idempotent.
    pub async fn resume(&self) -> Result<(), Error> {
        self.wakefulness().app = true;
        self.wake_up().await
    }

    /// Opens the database if it is closed.
    pub(crate) async fn wake_up(&self) -> Result<(), Error> {
        let _one_at_a_time = self.lifecycle.lock().await;
        if self.shared.is_closed() {
            return Err(closed());
        }
        let failed = self.running().take_if(|running| running.orders.is_closed());
        match failed {
            // Until it has let go of the database.
            Some(failed) => drop(failed.task.await),
            None if self.running().is_some() => return Ok(()),
            None => {}
        }
        let (running, _) = running::begin(&self.location, &self.shared, &self.runtime)?;
        let condition = self.condition.lock().unwrap_or_else(PoisonError::into_inner);
        *self.running() = Some(running);
        condition.inputs().for_each(|input| self.tell(input));
        Ok(())
    }

    /// When a client that sleeps should be woken for [`Self::catch_up`] although nobody asks for it; `None`: not needed. To be
    /// asked after [`Self::suspend`] or a catch-up, and given to the operating system's own alarm or job, to be run when
    /// there is a network at that time or later. Why and when is written in [`heliograph_sync::policy`].
    pub async fn next_catch_up(&self) -> Result<Option<Timestamp>, Error> {
        let (say, answer) = oneshot::channel();
        let awake = self
            .running()
            .as_ref()
            .is_some_and(|running| running.orders.send(Order::NextCatchUp(say)).is_ok());
        if awake && let Ok(next) = answer.await {
            return next;
        }
        // Asleep, or fell asleep over the question.
        if self.shared.is_closed() { Err(closed()) } else { Ok(self.shared.next_catch_up()) }
    }

    /// For push messages and background refresh: connects, reads what waits, and suspends again, unless the app has called
    /// [`Self::start`] or [`Self::resume`] before or meanwhile. Returns when everything is here, when waiting is of no use,
    /// and in any case before the deadline, with whatever came until then. May be called on a suspended, an open and a
    /// running client, and several times at once.
    pub async fn catch_up(&self, deadline: Duration) -> Result<CatchUpReport, Error> {
        catch_up::run(self, deadline).await
    }

    /// Has the server announce messages at an app server while this device sleeps, and nowhere else. The wish is kept, and
    /// made again with each new session. [`Self::push`] tells how far it is.
    pub async fn enable_push(&self, target: PushTarget) -> Result<(), Error> {
        self.ask(Command::EnablePush(target)).await.map(|_| ())
    }

    /// Takes [`Self::enable_push`] back. Until the server knows, it may go on announcing.
    pub async fn disable_push(&self) -> Result<(), Error> {
        self.ask(Command::DisablePush).await.map(|_| ())
    }

    /// How far push has got.
    pub fn push(&self) -> Result<PushState, Error> {
        push::state(&self.shared)
    }

    /// Subscribes to how far push has got.
    pub fn push_changes(&self) -> PushChanges {
        PushChanges { shared: Arc::clone(&self.shared), ticks: self.shared.ticks.subscribe(), last: None }
    }

    /// [`Self::suspend`] for good: every subscription ends.
    pub async fn shutdown(self) -> Result<(), Error> {
        let result = self.suspend().await;
        self.shared.close();
        result
    }

    /// The operating system says how the network is: [`NetworkState`], or only whether there is one (`true`, `false`).
    /// Without one nothing is tried and no timer runs. To be told each time it changes, also while suspended.
    pub fn network_changed(&self, network: impl Into<NetworkState>) {
        self.condition_changed(Input::Network(network.into()));
    }

    /// The operating system says how the power is. To be told each time it changes, also while suspended.
    pub fn power_changed(&self, power: PowerState) {
        self.condition_changed(Input::Power(power));
    }

    /// The app came to the front or went behind. Until this is called it is believed to be in front, except during
    /// [`Self::catch_up`].
    pub fn app_state_changed(&self, foreground: bool) {
        self.condition_changed(Input::AppState { foreground });
    }

    /// Forgets what is remembered of the server, also how well its sign-in was protected: for an operator who weakened it on
    /// purpose ([`ErrorCode::ServerNotAuthenticated`] is the answer to a server that offers less than before). To be
    /// followed by [`Self::start`], in a network that can be trusted.
    pub async fn forget_server(&self) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        self.order(Order::ForgetServer(done), answer).await
    }

    /// The account has another password, usually after [`ErrorCode::AuthenticationFailed`]: it is kept, and tried at once as
    /// [`Self::start`] does. Whether the server takes it is told by [`Self::connection`]. A session that is online is left
    /// alone; the password is used for the next one.
    pub async fn set_password(&self, password: impl Into<String>) -> Result<(), Error> {
        let password = Zeroizing::new(password.into());
        if password.is_empty() {
            return Err(Error::new(ErrorCode::InvalidArgument, "the password is empty"));
        }
        let (done, answer) = oneshot::channel();
        self.order(Order::SetPassword(password, done), answer).await
    }

    /// The link to our account (RFC 5122), as for a QR code: `xmpp:ana@example.org`.
    pub fn contact_uri(&self) -> String {
        self.address.to_uri()
    }

    /// The state of the connection now.
    pub fn connection(&self) -> Connection {
        self.shared.connection.borrow().clone()
    }

    /// Subscribes to the state of the connection.
    pub fn connection_changes(&self) -> ConnectionChanges {
        ConnectionChanges { shared: Arc::clone(&self.shared), states: self.shared.connection.subscribe() }
    }

    /// What was sent and received since the account was opened.
    pub fn traffic(&self) -> Traffic {
        *self.shared.traffic()
    }

    /// What the account cost in the last seven days, by what the phone was doing: time, bytes, connections, wakes. Kept over
    /// restarts. Time for which the client was suspended counts nowhere.
    pub async fn usage(&self) -> Result<Usage, Error> {
        let (answer, told) = oneshot::channel();
        let order = Order::Usage(answer);
        let sent = self.running().as_ref().is_some_and(|running| running.orders.send(order).is_ok());
        if !sent {
            return Err(closed());
        }
        told.await.map_err(|_| closed())?
    }

    /// Subscribes to the list of conversations.
    pub fn conversations(&self) -> Conversations {
        Conversations { shared: Arc::clone(&self.shared), ticks: self.shared.ticks.subscribe(), revision: 0 }
    }

    /// One conversation.
    pub fn conversation(&self, id: ConversationId) -> Result<Conversation, Error> {
        self.shared
            .read(|database| inbox::get(database, id))?
            .map(Conversation::from)
            .ok_or_else(|| Error::new(ErrorCode::NotFound, "there is no such conversation"))
    }

    /// How many messages of a conversation can't be read, and why. The conversation gets a new revision when that changes.
    pub fn unreadable(&self, id: ConversationId) -> Result<Vec<Unreadable>, Error> {
        unreadable::of(self, id)
    }

    /// The conversations with unread messages, the one with the newest activity first, each with the newest
    /// `per_conversation` (1 to 25) of them: what the app's notifications should show now, after a [`Self::catch_up`] or a
    /// change. Messages from before this device had the account are not among them.
    pub fn notifications(&self, per_conversation: usize) -> Result<Vec<Notification>, Error> {
        notification::all(&self.shared, per_conversation)
    }

    /// Subscribes to one conversation's messages.
    pub fn timeline(&self, id: ConversationId) -> Timeline {
        Timeline::new(&self.shared, id)
    }

    /// Subscribes to the messages of all conversations, from now on.
    pub fn all_messages(&self) -> MessageFeed {
        MessageFeed {
            shared: Arc::clone(&self.shared),
            ticks: self.shared.ticks.subscribe(),
            revision: self.shared.read(message::latest_revision).unwrap_or_default(),
        }
    }

    /// Messages that hold all words of the query (the last one may be the beginning of a word), newest first. Any text is
    /// a valid query. Each tells where they stand in it.
    pub fn search(
        &self,
        query: &str,
        within: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<SearchHit>, Error> {
        let hits = self.shared.read(|database| search::search(database, query, within, limit))?;
        Ok(hits.into_iter().map(Into::into).collect())
    }

    /// Opens a chat with an account. It is encrypted if the account has keys; [`Conversation::security`] says so once
    /// [`Conversation::state`] is no longer `Preparing`.
    pub async fn start_chat(&self, contact: &Address) -> Result<ConversationId, Error> {
        self.conversation_from(Command::StartChat { contact: contact.clone() }).await
    }

    /// Opens what an address or a link names: a chat as [`Self::start_chat`] does, or a room, which is entered under the name of
    /// our account.
    pub async fn open_contact(&self, contact: &Contact) -> Result<ConversationId, Error> {
        match contact.kind {
            ContactKind::Account => self.start_chat(&contact.address).await,
            ContactKind::Room => self.join_room(&contact.address, &self.address.name()).await,
        }
    }

    /// Makes an encrypted group. Returns at once; the group is ready when its state is `Active`, and texts may be sent
    /// before.
    pub async fn create_group(&self, name: &str, members: &[Address]) -> Result<ConversationId, Error> {
        self.conversation_from(Command::CreateGroup { name: name.to_owned(), members: members.to_vec() })
            .await
    }

    /// Invites accounts into a group.
    pub async fn invite(&self, group: ConversationId, members: &[Address]) -> Result<(), Error> {
        self.ask(Command::Invite { conversation: group, members: members.to_vec() }).await.map(|_| ())
    }

    /// Removes accounts from a group that we own.
    pub async fn remove(&self, group: ConversationId, members: &[Address]) -> Result<(), Error> {
        self.ask(Command::Remove { conversation: group, members: members.to_vec() }).await.map(|_| ())
    }

    /// Enters an ordinary, unencrypted room.
    pub async fn join_room(&self, room: &Address, nick: &str) -> Result<ConversationId, Error> {
        self.conversation_from(Command::JoinRoom { room: room.clone(), nick: nick.to_owned() }).await
    }

    /// Queues a text; it is safe on this device when this returns. Gives the row of the message. The conversation's draft is
    /// done with: it goes in the same transaction.
    pub async fn send(&self, conversation: ConversationId, text: &str) -> Result<i64, Error> {
        self.message_from(Command::Send { conversation, text: text.to_owned() }).await
    }

    /// [`Self::send`] from a notification: everything up to the message in `row` is read, in the same transaction, and what is
    /// being written in the conversation itself stays.
    pub async fn reply(&self, conversation: ConversationId, row: i64, text: &str) -> Result<i64, Error> {
        self.message_from(Command::Answer { conversation, row, text: text.to_owned() }).await
    }

    /// How far a message of ours has got, to whom, and what it waits for: "why was this not delivered?"
    ///
    /// Errors: [`ErrorCode::NotFound`] if there is no such message of ours.
    pub async fn delivery(&self, row: i64) -> Result<Delivery, Error> {
        match self.ask(Command::Explain { row }).await? {
            Reply::Delivery(delivery) => Ok(*delivery),
            _ => Err(Error::new(ErrorCode::Internal, "the engine answered another question")),
        }
    }

    /// Sends a message in state [`DeliveryState::Failed`](crate::DeliveryState::Failed) once more. It keeps its row and its
    /// id, and stands at the end of the timeline.
    ///
    /// Errors: [`ErrorCode::NotFound`], [`ErrorCode::InvalidArgument`] (it did not fail), and those of [`Self::send`].
    pub async fn send_again(&self, row: i64) -> Result<(), Error> {
        self.ask(Command::SendAgain { row }).await.map(|_| ())
    }

    /// Takes back a message that failed, or that was never sent. It leaves the timeline, which is announced by a last change of
    /// it: its state is [`DeliveryState::Discarded`](crate::DeliveryState::Discarded) then, and its text empty.
    ///
    /// Errors: [`ErrorCode::NotFound`], [`ErrorCode::InvalidArgument`] (it may have reached somebody).
    pub async fn discard(&self, row: i64) -> Result<(), Error> {
        self.ask(Command::Discard { row }).await.map(|_| ())
    }

    /// Loads messages from before the newest seam of a conversation: at least `wanted` (1 to 1000), if the server has so
    /// many. Returns when they are stored; [`Timeline::next`] announces them, too. It may be given up at any moment; what has
    /// arrived stays.
    ///
    /// Errors: [`ErrorCode::NetworkUnavailable`] without a connection, [`ErrorCode::ArchiveUnavailable`].
    pub async fn load_older(&self, conversation: ConversationId, wanted: usize) -> Result<Older, Error> {
        let Reply::Loaded(loaded) = self.ask(Command::LoadOlder { conversation, wanted }).await? else {
            return Err(Error::new(ErrorCode::Internal, "the engine answered another question"));
        };
        let messages = self.shared.read(|database| {
            message::stored_since(database, conversation, loaded.after_row, loaded.below, usize::MAX)
        })?;
        Ok(Older { messages, more: loaded.more })
    }

    /// What the user has chosen for this account.
    pub fn settings(&self) -> Result<Settings, Error> {
        self.shared.read(heliograph_sync::settings)?
    }

    /// Changes what the user has chosen.
    pub async fn change_settings(&self, settings: Settings) -> Result<(), Error> {
        self.ask(Command::ChangeSettings(settings)).await.map(|_| ())
    }

    /// The user has seen the conversation up to the message in this row. Unless the user has turned that off
    /// ([`Settings::read_receipts`]), the authors learn it where there are few enough to (in chats, and in encrypted groups of up
    /// to 16), with the next receipts.
    pub async fn mark_read(&self, conversation: ConversationId, row: i64) -> Result<(), Error> {
        self.ask(Command::MarkRead { conversation, row }).await.map(|_| ())
    }

    pub(crate) fn wakefulness(&self) -> MutexGuard<'_, Wakefulness> {
        self.wakefulness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a catch-up: suspends before the deadline, unless the app or another catch-up wants the client awake.
    pub(crate) async fn sleep_unless_wanted(&self, deadline: Instant) -> Result<(), Error> {
        let _one_at_a_time = self.lifecycle.lock().await;
        let wanted = {
            let wakefulness = self.wakefulness();
            wakefulness.app || wakefulness.catch_ups > 0
        };
        // What is left to say goes along while the radio is on; what the driver is told in order is done in order.
        self.tell(Input::PushWake { begins: false });
        if wanted { Ok(()) } else { self.stop(Some(deadline)).await }
    }

    /// Whether the engine has handled the input; it has not if there is none any more.
    pub(crate) async fn tell_and_wait(&self, input: Input) -> bool {
        let (said, heard) = oneshot::channel();
        let order = Order::TellAndSay(input, said);
        let sent = self.running().as_ref().is_some_and(|running| running.orders.send(order).is_ok());
        sent && heard.await.is_ok()
    }

    async fn conversation_from(&self, command: Command) -> Result<ConversationId, Error> {
        match self.ask(command).await? {
            Reply::Conversation(id) => Ok(id),
            _ => Err(Error::new(ErrorCode::Internal, "the engine answered another question")),
        }
    }

    async fn message_from(&self, command: Command) -> Result<i64, Error> {
        match self.ask(command).await? {
            Reply::Message(row) => Ok(row),
            _ => Err(Error::new(ErrorCode::Internal, "the engine answered another question")),
        }
    }

    pub(crate) async fn ask(&self, command: Command) -> Result<Reply, Error> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Ask(command, reply), answer).await
    }

    /// Has the driver do something, and waits for what it answers.
    async fn order<T>(&self, order: Order, answer: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        let sent = self.running().as_ref().is_some_and(|running| running.orders.send(order).is_ok());
        if sent && let Ok(answer) = answer.await {
            return answer;
        }
        // Nobody has ended it.
        Err(if self.running().is_some() { failed_inside() } else { closed() })
    }

    fn tell(&self, input: Input) {
        if let Some(running) = self.running().as_ref() {
            // A driver that is gone needs to be told nothing.
            let _ = running.orders.send(Order::Tell(input));
        }
    }

    fn condition_changed(&self, input: Input) {
        let mut condition = self.condition.lock().unwrap_or_else(PoisonError::into_inner);
        condition.note(&input);
        // Under the lock, so that the engine hears of changes in their order.
        self.tell(input);
    }

    pub(crate) fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
