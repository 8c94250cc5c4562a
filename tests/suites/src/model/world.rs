//! The world's course: at every turn the seed picks what happens next. What must hold at its end is in [`verdict`].

mod situation;
mod verdict;

use std::path::Path;
use std::time::Duration;

use heliograph_model::stanza::{Inbound, Outbound, SessionEvent};
use heliograph_model::{Address, ConversationId, ConversationKind, Timestamp};
use heliograph_store::conversation::{self, Conversation, ConversationState};
use heliograph_store::message;
use heliograph_sync::{Command, Input, Reply};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::Digest;

use super::phone::Phone;
use super::server::{Deliveries, Server};
pub use situation::{TWO_AT_REST, network};
use verdict::reasons;

/// A phone that is online and wants to be woken so much later only wants to ask whether its link lives.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// How rough a run is. Chances are per turn, in thousandths.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Phones in the group from the beginning, at least two.
    pub phones: usize,
    /// Phones that are invited later, by whoever comes first; often by several at once, so that commits race.
    pub late: usize,
    /// Turns before the world calms down.
    pub turns: usize,
    /// Texts sent in all at most.
    pub texts: usize,
    /// A link breaks.
    pub cut: u32,
    /// The server forgets the session of a phone that is cut.
    pub forget: u32,
    /// A phone is killed, before or after its transaction committed.
    pub kill: u32,
    /// The server says something twice.
    pub repeat: u32,
}

/// How often the server has given up the session by the time a phone that was killed is back, in thousandths.
const SESSIONS_LOST_IN_DEATH: u32 = 400;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Texts that were sent.
    pub sent: usize,
    /// Hash over all effects of all phones.
    pub trace: [u8; 32],
    /// Stanzas that the rooms' archives hold.
    pub archived: usize,
}

/// See the module.
pub struct World {
    random: ChaCha20Rng,
    plan: Plan,
    server: Server,
    phones: Vec<Phone>,
    now: Timestamp,
    sent: Vec<String>,
    direct: Vec<(Address, Address, String)>,
}

/// Nothing happens but what a test does.
const SCRIPTED: Plan = Plan { phones: 3, late: 1, turns: 0, texts: 0, cut: 0, forget: 0, kill: 0, repeat: 0 };

impl World {
    /// Three phones for a group, and a fourth that can be invited; nothing happens but what a test does.
    pub fn scripted(folder: &Path) -> Self {
        Self::new(folder, 7, SCRIPTED)
    }

    /// A world in a folder of its own.
    pub fn new(folder: &Path, seed: u64, plan: Plan) -> Self {
        let now = Timestamp(1_800_000_000_000);
        let addresses: Vec<Address> = ["ana", "ben", "chloe", "dan", "eve"]
            .iter()
            .take(plan.phones + plan.late)
            .map(|name| Address::parse(&format!("{name}@model.test")).unwrap())
            .collect();
        let phones = addresses
            .iter()
            .zip(1u64..)
            .map(|(address, number)| Phone::new(folder, address.clone(), seed.wrapping_mul(31) ^ number, now))
            .collect();
        let server = Server::new("model.test", &addresses);
        let random = ChaCha20Rng::seed_from_u64(seed);
        Self { random, plan, server, phones, now, sent: Vec::new(), direct: Vec::new() }
    }

    /// Runs to the end and checks that everybody has everything exactly once, in the same order.
    pub fn run(mut self) -> Outcome {
        // Everybody publishes keys before anybody is invited; how that fails is another test's business.
        self.settle();
        let members: Vec<Address> =
            self.phones[1..self.plan.phones].iter().map(|phone| phone.address.clone()).collect();
        let command = Command::CreateGroup { name: "relief".into(), members };
        let now = self.now;
        self.phones[0].command(now, command).unwrap();
        for _ in 0..self.plan.turns {
            self.turn();
        }
        self.settle();
        self.check();
        let mut trace = sha2::Sha256::new();
        for phone in &self.phones {
            trace.update(phone.trace.clone().finalize());
        }
        Outcome {
            sent: self.sent.len() + self.direct.len(),
            trace: trace.finalize().into(),
            archived: self.server.archived_in_rooms(),
        }
    }

    /// A phone, to look at.
    pub fn phone(&self, which: usize) -> &Phone {
        &self.phones[which]
    }

    /// The server, to make it misbehave.
    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// A command of a user.
    pub fn command(&mut self, which: usize, command: Command) -> Result<Reply, heliograph_model::Error> {
        self.phones[which].command(self.now, command)
    }

    /// Something happens to a phone.
    pub fn input(&mut self, which: usize, input: Input) {
        self.phones[which].input(self.now, input);
    }

    /// A phone, to break it.
    pub fn phone_mut(&mut self, which: usize) -> &mut Phone {
        &mut self.phones[which]
    }

    /// The link breaks, and the server forgets the session.
    pub fn lose(&mut self, which: usize) {
        if self.phones[which].linked {
            self.phones[which].link_down(self.now);
        }
        self.phones[which].resumable = false;
        self.gone(which);
    }

    /// The same world, in which this phone was lost and its account set up anew on another one.
    #[must_use]
    pub fn on_a_new_device(mut self, which: usize) -> Self {
        self.gone(which);
        let folder = self.phones[which].folder().join("new");
        std::fs::create_dir(&folder).unwrap();
        let address = self.phones[which].address.clone();
        self.phones[which] = Phone::new(&folder, address, self.random.random(), self.now);
        self
    }

    /// Phone 0 makes a group with all others of the plan, and everybody enters it. Gives its room.
    pub fn make_group(&mut self) -> Address {
        self.settle();
        let members = self.phones[1..self.plan.phones].iter().map(|phone| phone.address.clone()).collect();
        self.command(0, Command::CreateGroup { name: "relief".into(), members }).unwrap();
        self.settle();
        group_of(&self.phones[0]).expect("the group").address
    }

    /// A text into the group.
    pub fn say(&mut self, which: usize, text: &str) -> Result<Reply, heliograph_model::Error> {
        let conversation = group_of(&self.phones[which]).expect("the phone is in the group").id;
        self.command(which, Command::Send { conversation, text: text.to_owned() })
    }

    /// What a phone shows of the group.
    pub fn shown(&self, which: usize) -> Vec<String> {
        let group = group_of(&self.phones[which]).expect("the phone is in the group");
        texts(&self.phones[which], group.id).into_iter().map(|message| message.text).collect()
    }

    /// A phone begins a chat with another one.
    pub fn start_chat(&mut self, which: usize, with: usize) -> ConversationId {
        let contact = self.phones[with].address.clone();
        match self.command(which, Command::StartChat { contact }) {
            Ok(Reply::Conversation(chat)) => chat,
            other => panic!("no chat: {other:?}"),
        }
    }

    /// What a phone shows of its chat with another one.
    pub fn shown_of_chat(&self, which: usize, with: usize) -> Vec<String> {
        let (phone, contact) = (&self.phones[which], &self.phones[with].address);
        let chat = phone.readers().read(|db| conversation::by_address(db, contact)).unwrap().expect("a chat");
        texts(phone, chat.id).into_iter().map(|message| message.text).collect()
    }

    /// Why messages are in quarantine on a phone.
    pub fn quarantined(&self, which: usize) -> Vec<String> {
        reasons(&self.phones[which])
    }

    fn chance(&mut self, thousandths: u32) -> bool {
        self.random.random_range(0..1000) < thousandths
    }

    fn turn(&mut self) {
        self.now = self.now.plus(Duration::from_millis(self.random.random_range(1..400)));
        let which = self.random.random_range(0..self.phones.len());
        self.wake(which);
        if self.chance(self.plan.cut) {
            self.cut(which);
        }
        if self.chance(self.plan.kill) {
            let now = self.now;
            self.phones[which].die(now);
            self.perhaps_forget(which, SESSIONS_LOST_IN_DEATH);
        }
        if self.phones[which].wants_link && self.chance(300) {
            self.link(which);
        }
        match self.random.random_range(0..10) {
            0..4 => self.step_up(which),
            4..8 => self.step_down(which),
            8 => self.acknowledge(which),
            _ => self.say_something(which),
        }
    }

    fn wake(&mut self, which: usize) {
        let now = self.now;
        let phone = &mut self.phones[which];
        if phone.wake_at.is_some_and(|at| at <= now) {
            phone.wake(now);
        }
    }

    fn link(&mut self, which: usize) {
        let now = self.now;
        if !self.phones[which].resumable {
            self.gone(which);
        }
        self.phones[which].link_up(now);
    }

    fn cut(&mut self, which: usize) {
        if !self.phones[which].linked {
            return;
        }
        let now = self.now;
        self.phones[which].link_down(now);
        self.perhaps_forget(which, self.plan.forget);
    }

    /// The server may give up the session of a phone that is not there.
    fn perhaps_forget(&mut self, which: usize, thousandths: u32) {
        if self.chance(thousandths) {
            self.phones[which].resumable = false;
            self.gone(which);
        }
    }

    /// The server ends the phone's session.
    fn gone(&mut self, which: usize) {
        let address = self.phones[which].address.clone();
        self.server.session_ended(&address);
    }

    /// The server handles one stanza of the phone.
    fn step_up(&mut self, which: usize) {
        if !self.phones[which].linked {
            return;
        }
        let Some(outbound) = self.phones[which].up.pop_front() else { return };
        self.phones[which].counts.up += 1;
        if let Outbound::Message(message) = &outbound {
            let id = message.id.clone();
            self.phones[which].to_acknowledge.push(id);
        }
        let from = self.phones[which].address.clone();
        let deliveries = self.server.handle(self.now, &from, outbound);
        self.deliver(deliveries);
    }

    /// Something from the server to phones.
    pub fn deliver(&mut self, deliveries: Deliveries) {
        for (to, inbound) in deliveries {
            let again = matches!(inbound, Inbound::Message(_)) && self.chance(self.plan.repeat);
            let Some(phone) = self.phones.iter_mut().find(|phone| phone.address == to) else { continue };
            // A phone without a session gets nothing; a resumable one finds it later.
            if phone.linked || phone.resumable {
                if again {
                    phone.down.push_back(inbound.clone());
                }
                phone.down.push_back(inbound);
            }
        }
    }

    /// The phone handles some of what came, in one transaction; or dies doing it.
    fn step_down(&mut self, which: usize) {
        let count = self.random.random_range(1..6);
        let dies = self.chance(self.plan.kill);
        let now = self.now;
        let phone = &mut self.phones[which];
        if !phone.linked || phone.down.is_empty() {
            return;
        }
        let batch = phone.take_down(count);
        if dies {
            phone.input_then_die(now, Input::Received(batch));
            self.perhaps_forget(which, SESSIONS_LOST_IN_DEATH);
        } else {
            phone.input(now, Input::Received(batch));
            phone.drained(now);
        }
    }

    fn acknowledge(&mut self, which: usize) {
        let now = self.now;
        let phone = &mut self.phones[which];
        phone.answer_probe(now);
        if phone.linked && !phone.to_acknowledge.is_empty() {
            let messages = std::mem::take(&mut phone.to_acknowledge);
            phone.input(now, Input::Session(SessionEvent::Acknowledged { messages }));
        }
    }

    fn say_something(&mut self, which: usize) {
        let said = self.sent.len() + self.direct.len();
        if said >= self.plan.texts {
            return;
        }
        let now = self.now;
        let text = format!("text {said} of phone {which}");
        if self.plan.late > 0 && self.chance(150) {
            self.invite_somebody(which);
        } else if self.chance(250) {
            let other = (which + self.random.random_range(1..self.phones.len())) % self.phones.len();
            let contact = self.phones[other].address.clone();
            let Ok(Reply::Conversation(id)) =
                self.phones[which].command(now, Command::StartChat { contact: contact.clone() })
            else {
                panic!("a chat could not be started");
            };
            self.phones[which].command(now, Command::Send { conversation: id, text: text.clone() }).unwrap();
            self.direct.push((self.phones[which].address.clone(), contact, text));
        } else if let Some(group) = group_of(&self.phones[which]) {
            self.phones[which]
                .command(now, Command::Send { conversation: group.id, text: text.clone() })
                .unwrap();
            self.sent.push(text);
        }
    }

    /// A member invites one who is late. It does not know whether somebody else is doing the same.
    fn invite_somebody(&mut self, which: usize) {
        let late = self.plan.phones + self.random.random_range(0..self.plan.late);
        let Some(group) = group_of(&self.phones[which]) else { return };
        let members = vec![self.phones[late].address.clone()];
        if late != which && group.state == ConversationState::Active {
            let now = self.now;
            let command = Command::Invite { conversation: group.id, members };
            self.phones[which].command(now, command).unwrap();
        }
    }

    /// No more trouble: everybody connects, everything is delivered, all timers run out.
    pub fn settle(&mut self) {
        self.settle_those(None);
    }

    /// The same, but one phone stays away.
    pub fn settle_without(&mut self, away: usize) {
        self.settle_those(Some(away));
    }

    fn settle_those(&mut self, away: Option<usize>) {
        let rough = self.plan;
        self.plan = Plan { cut: 0, forget: 0, kill: 0, repeat: 0, ..rough };
        let there: Vec<usize> = (0..self.phones.len()).filter(|which| Some(*which) != away).collect();
        for round in 0.. {
            assert!(round < 10_000, "the world does not come to rest");
            let busy = there.iter().filter(|which| self.settle_one(**which)).count();
            if busy == 0 {
                match there.iter().filter_map(|which| self.pressing(*which)).min() {
                    Some(at) => self.now = self.now.max(at),
                    None => break,
                }
            }
        }
        self.plan = rough;
    }

    /// When a phone has something to do that does not come again for ever, as keepalives do.
    fn pressing(&self, which: usize) -> Option<Timestamp> {
        let phone = &self.phones[which];
        phone.wake_at.filter(|at| !phone.linked || at.since(self.now) < KEEPALIVE)
    }

    /// Time passes, and everybody does what there is to do.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.plus(time);
        loop {
            while (0..self.phones.len()).filter(|which| self.settle_one(*which)).count() > 0 {}
            match self.phones.iter().filter_map(|phone| phone.wake_at).min().filter(|at| *at <= end) {
                Some(at) => self.now = self.now.max(at),
                None => break,
            }
        }
        self.now = end;
    }

    /// Whether there was anything to do.
    fn settle_one(&mut self, which: usize) -> bool {
        self.wake(which);
        let mut busy = false;
        if self.phones[which].wants_link {
            self.link(which);
            busy = true;
        }
        while self.exchange_once(which) {
            busy = true;
        }
        if self.phones[which].linked
            && (self.phones[which].probing || !self.phones[which].to_acknowledge.is_empty())
        {
            self.acknowledge(which);
            busy = true;
        }
        busy
    }

    /// One stanza from the phone to the server, and a few back. Whether there was any.
    pub fn exchange_once(&mut self, which: usize) -> bool {
        let phone = &self.phones[which];
        let busy = phone.linked && !(phone.up.is_empty() && phone.down.is_empty());
        self.step_up(which);
        self.step_down(which);
        busy
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass.
    pub fn advance_to(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }
}

/// The phone's group, if it has one.
pub fn group_of(phone: &Phone) -> Option<Conversation> {
    let all = phone.readers().read(conversation::list).unwrap();
    all.into_iter().find(|conversation| conversation.kind == ConversationKind::Group)
}

/// A conversation as a phone shows it.
pub fn texts(phone: &Phone, id: ConversationId) -> Vec<message::Message> {
    phone.readers().read(|db| message::page(db, id, None, 10_000)).unwrap()
}
