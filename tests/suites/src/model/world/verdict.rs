//! What must hold when the world has come to rest: everybody shows everything once, in the same order, and is in the same epoch.

use heliograph_model::{ConversationId, DeliveryState};
use heliograph_store::{conversation, group, outbox, quarantine};

use super::{World, group_of, texts};
use crate::model::Phone;

impl World {
    /// Fails if anything that must hold once the world is calm does not.
    pub(super) fn check(&self) {
        let whole = self.check_member(&self.phones[0], None);
        let mut epochs = Vec::new();
        for (phone, number) in self.phones.iter().zip(0..) {
            let name = &phone.address;
            self.check_direct(phone);
            let waiting = phone.readers().read(outbox::conversations).unwrap();
            assert!(waiting.is_empty(), "{name} still has something to send: {:?}", stuck(phone, &waiting));
            if number < self.plan.phones {
                self.check_member(phone, Some(&whole));
            } else if let Some(group) = group_of(phone) {
                // One who came late sees what was said in its time, in the same order, without anything twice.
                let shown: Vec<String> =
                    texts(phone, group.id).into_iter().map(|message| message.text).collect();
                let mut rest = whole.iter();
                assert!(
                    shown.iter().all(|text| rest.any(|other| other == text)),
                    "{name}: {shown:?} of {whole:?}"
                );
            }
            if let Some(id) = group_of(phone).and_then(|group| group.group) {
                epochs.push(phone.readers().read(|db| group::get(db, &id)).unwrap().unwrap().epoch);
            }
        }
        epochs.dedup();
        assert_eq!(epochs.len(), 1, "the members are in different epochs");
    }

    /// A member from the beginning shows every text exactly once, in everybody's order.
    fn check_member(&self, phone: &Phone, order: Option<&Vec<String>>) -> Vec<String> {
        let name = &phone.address;
        let group = group_of(phone).unwrap_or_else(|| panic!("{name} is not in the group"));
        let messages = texts(phone, group.id);
        let shown: Vec<String> = messages.iter().map(|message| message.text.clone()).collect();
        let (mut sorted, mut expected) = (shown.clone(), self.sent.clone());
        sorted.sort();
        expected.sort();
        let why = reasons(phone);
        assert_eq!(sorted, expected, "{name} does not show every text exactly once; in quarantine: {why:?}");
        if let Some(order) = order {
            assert_eq!(&shown, order, "{name} shows the group in another order");
        }
        for message in messages.iter().filter(|message| message.outgoing) {
            // Who came late has not read what was said before, and says so of nothing.
            let known = if self.plan.late == 0 { DeliveryState::Delivered } else { DeliveryState::Archived };
            assert!(message.state >= known, "{name}: a text is still {:?}", message.state);
        }
        shown
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
            let (name, contact, why) = (&phone.address, &other.address, reasons(phone));
            assert_eq!(
                shown, expected,
                "{name} does not show every text of its chat with {contact} exactly once; in quarantine: {why:?}"
            );
        }
    }
}

/// What waits in the outbox, for a failure's message.
fn stuck(phone: &Phone, waiting: &[ConversationId]) -> Vec<String> {
    let states = [outbox::OutboxState::Queued, outbox::OutboxState::Sending, outbox::OutboxState::Sent];
    let row = |id: ConversationId| {
        let conversation = phone.readers().read(|db| conversation::get(db, id)).unwrap();
        let rows = states
            .iter()
            .flat_map(|state| phone.readers().read(|db| outbox::pending(db, id, *state, 100)).unwrap());
        let rows: Vec<_> = rows.map(|row| (row.id, row.message, row.state, row.attempts)).collect();
        format!("{conversation:?}: {rows:?}")
    };
    waiting.iter().copied().map(row).collect()
}

/// Why messages are in quarantine on this phone.
pub(super) fn reasons(phone: &Phone) -> Vec<String> {
    let quarantined = phone.readers().read(quarantine::list).unwrap();
    quarantined.into_iter().map(|message| message.reason).collect()
}
