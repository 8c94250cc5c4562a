//! The world's course: at every turn the seed picks what happens next.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use heliograph_model::stanza::{Inbound, Outbound, SessionEvent};
use heliograph_model::{Address, ConversationId, ConversationKind, DeliveryState, Timestamp};
use heliograph_store::conversation::{self, Conversation};
use heliograph_store::{message, outbox};
use heliograph_sync::{Command, Input, Reply};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::Digest;

use super::phone::Phone;
use super::server::{Deliveries, Server};

/// How rough a run is. Chances are per turn, in thousandths.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Phones, at least two.
    pub phones: usize,
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

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Texts that were sent.
    pub sent: usize,
    /// Hash over all effects of all phones.
    pub trace: String,
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

impl World {
    /// A world in a folder of its own.
    pub fn new(folder: &Path, seed: u64, plan: Plan) -> Self {
        let now = Timestamp(1_800_000_000_000);
        let addresses: Vec<Address> = ["ana", "ben", "chloe", "dan", "eve"]
            .iter()
            .take(plan.phones)
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
        self.calm();
        let members: Vec<Address> = self.phones[1..].iter().map(|phone| phone.address.clone()).collect();
        let command = Command::CreateGroup { name: "relief".into(), members };
        let now = self.now;
        self.phones[0].command(now, command).unwrap();
        for _ in 0..self.plan.turns {
            self.turn();
        }
        self.calm();
        self.check();
        let mut trace = sha2::Sha256::new();
        for phone in &self.phones {
            trace.update(phone.trace.clone().finalize());
        }
        Outcome {
            sent: self.sent.len() + self.direct.len(),
            trace: trace.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            archived: self.server.archived_in_rooms(),
        }
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
            self.gone(which);
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
            phone.wake_at = None;
            phone.input(now, Input::Wake);
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
        if self.chance(self.plan.forget) {
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
        if let Outbound::Message(message) = &outbound {
            let id = message.id.clone();
            self.phones[which].to_acknowledge.push(id);
        }
        let from = self.phones[which].address.clone();
        let deliveries = self.server.handle(self.now, &from, outbound);
        self.deliver(deliveries);
    }

    fn deliver(&mut self, deliveries: Deliveries) {
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
        let batch: Vec<Inbound> = (0..count).map_while(|_| phone.down.pop_front()).collect();
        if dies {
            phone.input_then_die(now, Input::Received(batch));
            self.gone(which);
        } else {
            phone.input(now, Input::Received(batch));
        }
    }

    fn acknowledge(&mut self, which: usize) {
        let now = self.now;
        let phone = &mut self.phones[which];
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
        if self.chance(250) {
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

    /// No more trouble: everybody connects, everything is delivered, all timers run out.
    fn calm(&mut self) {
        let rough = self.plan;
        self.plan = Plan { cut: 0, forget: 0, kill: 0, repeat: 0, ..rough };
        for round in 0.. {
            assert!(round < 10_000, "the world does not come to rest");
            let mut busy = false;
            for which in 0..self.phones.len() {
                self.wake(which);
                if self.phones[which].wants_link {
                    self.link(which);
                    busy = true;
                }
                while self.phones[which].linked && !self.phones[which].up.is_empty() {
                    self.step_up(which);
                    busy = true;
                }
                while self.phones[which].linked && !self.phones[which].down.is_empty() {
                    self.step_down(which);
                    busy = true;
                }
                if self.phones[which].linked && !self.phones[which].to_acknowledge.is_empty() {
                    self.acknowledge(which);
                    busy = true;
                }
            }
            if !busy {
                match self.phones.iter().filter_map(|phone| phone.wake_at).min() {
                    Some(at) => self.now = self.now.max(at),
                    None => break,
                }
            }
        }
        self.plan = rough;
    }

    fn check(&self) {
        let mut orders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for phone in &self.phones {
            let name = phone.address.to_string();
            let group = group_of(phone).unwrap_or_else(|| panic!("{name} is not in the group"));
            let messages = texts(phone, group.id);
            let mut expected = self.sent.clone();
            let mut shown: Vec<String> = messages.iter().map(|message| message.text.clone()).collect();
            orders.insert(name.clone(), shown.clone());
            expected.sort();
            shown.sort();
            assert_eq!(shown, expected, "{name} does not show every text exactly once");
            for message in messages.iter().filter(|message| message.outgoing) {
                assert!(
                    message.state >= DeliveryState::Archived,
                    "{name}: a text is still {:?}",
                    message.state
                );
            }
            self.check_direct(phone);
            let waiting = phone.readers().read(outbox::conversations).unwrap();
            let rows: Vec<_> = waiting.iter().flat_map(|id| [outbox::OutboxState::Queued, outbox::OutboxState::Sending, outbox::OutboxState::Sent].into_iter().flat_map(move |state| phone.readers().read(|db| outbox::pending(db, *id, state, 100)).unwrap())).map(|row| (row.id, row.conversation, row.message, row.state, row.attempts)).collect();
            assert!(waiting.is_empty(), "{name} still has something to send in {waiting:?}: {rows:?} {:?}", phone.readers().read(|db| conversation::get(db, waiting[0])).unwrap());
        }
        let mut orders = orders.into_values();
        let first = orders.next().unwrap();
        for other in orders {
            assert_eq!(first, other, "two phones show the group in different orders");
        }
    }

    fn check_direct(&self, phone: &Phone) {
        for other in self.phones.iter().filter(|other| other.address != phone.address) {
            let mut expected: Vec<&str> = self
                .direct
                .iter()
                .filter(|(from, to, _)| {
                    (*from == phone.address && *to == other.address)
                        || (*from == other.address && *to == phone.address)
                })
                .map(|(_, _, text)| text.as_str())
                .collect();
            let conversation =
                phone.readers().read(|db| conversation::by_address(db, &other.address)).unwrap();
            let messages = conversation.map(|conversation| texts(phone, conversation.id)).unwrap_or_default();
            let mut shown: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
            expected.sort_unstable();
            shown.sort_unstable();
            let quarantined = phone.readers().read(heliograph_store::quarantine::list).unwrap();
            let reasons: Vec<String> = quarantined.into_iter().map(|message| message.reason).collect();
            assert_eq!(
                shown, expected,
                "{} does not show every text of its chat with {} exactly once; in quarantine: {reasons:?}",
                phone.address, other.address
            );
        }
    }
}

fn group_of(phone: &Phone) -> Option<Conversation> {
    let all = phone.readers().read(conversation::list).unwrap();
    all.into_iter().find(|conversation| conversation.kind == ConversationKind::Group)
}

fn texts(phone: &Phone, id: ConversationId) -> Vec<message::Message> {
    phone.readers().read(|db| message::page(db, id, None, 10_000)).unwrap()
}
