//! Stream management (XEP-0198): the elements, and the counters with the queue of what is not yet acknowledged.
//!
//! [`StreamManagement`] is a value: it counts, and says what to do; it neither sends nor waits. Two counters run on each
//! side, both modulo 2^32 (§4). Inbound there is one more than the standard has: a stanza counts for the server only when
//! it was *handled*, which means that its transaction committed.

use std::collections::VecDeque;

use heliograph_model::StanzaId;
use minidom::Element;
use xmpp_parsers::ns::SM;
use xso::{AsXml, FromXml};

/// `<enable/>` (§3).
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = SM, name = "enable")]
pub struct Enable {
    /// We want to be able to resume.
    #[xml(attribute(default))]
    pub resume: bool,
}

/// `<enabled/>` (§3). Every attribute is optional.
#[derive(FromXml, AsXml, Clone, PartialEq, Eq, Default)]
#[xml(namespace = SM, name = "enabled")]
pub struct Enabled {
    /// Names the session for a resumption.
    #[xml(attribute(default))]
    pub id: Option<String>,
    /// Whether the server allows resumption.
    #[xml(attribute(default))]
    pub resume: bool,
    /// Where to reconnect to, as `host:port`.
    #[xml(attribute(default))]
    pub location: Option<String>,
}

/// `<resume/>` (§5).
#[derive(FromXml, AsXml, Clone, PartialEq, Eq)]
#[xml(namespace = SM, name = "resume")]
pub struct Resume {
    /// How many stanzas of the server we handled.
    #[xml(attribute)]
    pub h: u32,
    /// The session's id.
    #[xml(attribute)]
    pub previd: String,
}

/// `<resumed/>` (§5).
#[derive(FromXml, AsXml, Clone, PartialEq, Eq)]
#[xml(namespace = SM, name = "resumed")]
pub struct Resumed {
    /// How many of our stanzas the server handled.
    #[xml(attribute)]
    pub h: u32,
    /// The session's id again.
    #[xml(attribute(default))]
    pub previd: Option<String>,
}

/// `<failed/>` (§5): there is nothing to enable or to resume.
///
/// `h` is optional: a server that still knows the session's counter says it, one that was restarted does not. A parser that
/// insists on it takes a restart of the server for a broken stream.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = SM, name = "failed")]
pub struct Failed {
    /// How many of our stanzas the server had handled.
    #[xml(attribute(default))]
    pub h: Option<u32>,
}

/// `<r/>` (§4): how many did you handle?
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = SM, name = "r")]
pub struct AskAcknowledgement;

/// `<a/>` (§4): so many.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = SM, name = "a")]
pub struct Acknowledge {
    /// The count.
    #[xml(attribute)]
    pub h: u32,
}

/// The server acknowledged more than was sent, or went back (§4: the stream is broken).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server acknowledged stanzas that were never sent")]
pub struct ImpossibleCount;

/// A stanza that was sent and not yet acknowledged.
#[derive(Clone, PartialEq)]
pub struct Unacknowledged {
    /// The message's id; `None` for presence and questions, which nobody follows.
    pub message: Option<StanzaId>,
    /// The stanza, for sending it again after a resumption.
    pub stanza: Element,
}

/// The state of one managed stream.
#[derive(Clone, Default)]
pub struct StreamManagement {
    /// What the server granted.
    pub granted: Enabled,
    received: u32,
    handled: u32,
    acknowledged: u32,
    queue: VecDeque<Unacknowledged>,
    /// The server asked when so many stanzas had come in; to be answered when they are handled.
    asked_at: Option<u32>,
    /// It asked again before that.
    asked_again_at: Option<u32>,
    /// What we had sent is known to the owner, not here: an earlier process sent it.
    of_earlier_process: bool,
}

impl StreamManagement {
    /// A stream on which stream management was just enabled: all counters are 0.
    pub fn new(granted: Enabled) -> Self {
        Self { granted, ..Self::default() }
    }

    /// A stream that may be resumed. `handled` and `acknowledged` are the two counters where it was left.
    pub fn restored(granted: Enabled, handled: u32, acknowledged: u32, queue: Vec<Unacknowledged>) -> Self {
        let queue = queue.into();
        Self { granted, received: handled, handled, acknowledged, queue, ..Self::default() }
    }

    /// A stream that an earlier process left, in which `handled` stanzas of the server are safe here.
    pub fn of_earlier_process(granted: Enabled, handled: u32) -> Self {
        Self { granted, received: handled, handled, of_earlier_process: true, ..Self::default() }
    }

    /// Whether what the server has handled is to be told to the owner as a number.
    pub fn is_of_earlier_process(&self) -> bool {
        self.of_earlier_process
    }

    /// A stanza went out.
    pub fn sent(&mut self, stanza: Unacknowledged) {
        self.queue.push_back(stanza);
    }

    /// A stanza came in.
    pub fn received(&mut self) {
        self.received = self.received.wrapping_add(1);
    }

    /// `count` further stanzas, in their order, are safe here. More than came in count as those that came in. Answers with
    /// what the server now is to be told, if it waits for that.
    #[must_use]
    pub fn handled(&mut self, count: u32) -> Option<Acknowledge> {
        self.handled = self.handled.wrapping_add(count.min(self.unhandled()));
        self.answer()
    }

    fn unhandled(&self) -> u32 {
        self.received.wrapping_sub(self.handled)
    }

    /// The server asks (`<r/>`). It is answered when all that came in before is handled: now, or by
    /// [`Self::handled`]. One answer a little later is cheaper than two, the first of which says little.
    #[must_use]
    pub fn asked(&mut self) -> Option<Acknowledge> {
        if self.asked_at.is_none() {
            self.asked_at = Some(self.received);
        } else {
            self.asked_again_at = Some(self.received);
        }
        self.answer()
    }

    fn answer(&mut self) -> Option<Acknowledge> {
        let asked_at = self.asked_at?;
        // Stanzas that came in since are the least that may be unhandled.
        if self.unhandled() > self.received.wrapping_sub(asked_at) {
            return None;
        }
        self.asked_at = None;
        match self.asked_again_at.take() {
            Some(again) if self.unhandled() > self.received.wrapping_sub(again) => {
                self.asked_at = Some(again);
            }
            _ => {}
        }
        Some(self.acknowledgement())
    }

    /// The count that the server may be told.
    pub fn acknowledgement(&self) -> Acknowledge {
        Acknowledge { h: self.handled }
    }

    /// How many stanzas of the server are safe here, modulo 2^32.
    pub fn handled_count(&self) -> u32 {
        self.handled
    }

    /// How many of our stanzas the server has, modulo 2^32.
    pub fn acknowledged_count(&self) -> u32 {
        self.acknowledged
    }

    /// What the server has not acknowledged, oldest first.
    pub fn unacknowledged(&self) -> impl ExactSizeIterator<Item = &Unacknowledged> {
        self.queue.iter()
    }

    /// The server handled `h` of our stanzas in total. Answers with the messages among those that are new.
    pub fn acknowledge(&mut self, h: u32) -> Result<Vec<StanzaId>, ImpossibleCount> {
        let count = h.wrapping_sub(self.acknowledged) as usize;
        if count > self.queue.len() {
            return Err(ImpossibleCount);
        }
        self.acknowledged = h;
        Ok(self.queue.drain(..count).filter_map(|stanza| stanza.message).collect())
    }

    /// The request to resume, where the server allowed it.
    pub fn resume(&self) -> Option<Resume> {
        let previd = self.granted.id.clone().filter(|_| self.granted.resume)?;
        Some(Resume { h: self.handled, previd })
    }

    /// The stream was resumed, and the server handled `h` of our stanzas (§5). Answers with the messages that are new among
    /// those, and with all that it did not handle, which is to be sent again (and then counted by [`Self::sent`]). It will
    /// send again what we did not handle.
    pub fn resumed(&mut self, h: u32) -> Result<(Vec<StanzaId>, Vec<Unacknowledged>), ImpossibleCount> {
        self.received = self.handled;
        self.asked_at = None;
        self.asked_again_at = None;
        if std::mem::take(&mut self.of_earlier_process) {
            self.acknowledged = h;
        }
        let messages = self.acknowledge(h)?;
        Ok((messages, self.queue.drain(..).collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(number: usize) -> Unacknowledged {
        Unacknowledged {
            message: Some(StanzaId::new(number.to_string())),
            stanza: Element::bare("message", "jabber:client"),
        }
    }

    fn resumable() -> Enabled {
        Enabled { id: Some("s".to_owned()), resume: true, location: None }
    }

    #[test]
    fn only_handled_stanzas_are_acknowledged_to_the_server() {
        let mut stream = StreamManagement::new(resumable());
        stream.received();
        stream.received();
        assert_eq!(stream.acknowledgement().h, 0);
        assert_eq!(stream.handled(1), None, "nobody asked");
        assert_eq!(stream.acknowledgement().h, 1);
        let _ = stream.handled(7);
        assert_eq!(stream.acknowledgement().h, 2, "more than came in can't be handled");
    }

    #[test]
    fn a_resumption_forgets_what_was_not_handled_and_keeps_what_was_not_acknowledged() {
        let mut stream = StreamManagement::new(resumable());
        (0..4).for_each(|number| stream.sent(message(number)));
        stream.received();
        stream.received();
        let _ = stream.handled(1);
        assert_eq!(stream.resume().unwrap().h, 1);
        let (acknowledged, again) = stream.resumed(3).unwrap();
        assert_eq!(acknowledged.len(), 3);
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].message, Some(StanzaId::new("3")));
        // The server sends the second stanza again: counted once.
        stream.received();
        let _ = stream.handled(1);
        assert_eq!(stream.acknowledgement().h, 2);
    }

    #[test]
    fn counts_that_cannot_be_are_refused() {
        let mut stream = StreamManagement::new(resumable());
        stream.sent(message(0));
        assert_eq!(stream.acknowledge(2), Err(ImpossibleCount));
        assert_eq!(stream.acknowledge(1).unwrap().len(), 1);
        assert_eq!(stream.acknowledge(0), Err(ImpossibleCount), "backwards");
    }

    #[test]
    fn a_question_is_answered_when_what_came_before_it_is_handled() {
        let mut stream = StreamManagement::new(resumable());
        assert_eq!(stream.asked(), Some(Acknowledge { h: 0 }));
        stream.received();
        stream.received();
        assert_eq!(stream.asked(), None);
        stream.received();
        assert_eq!(stream.asked(), None, "asked again, one stanza later");
        assert_eq!(stream.handled(1), None);
        assert_eq!(stream.handled(1), Some(Acknowledge { h: 2 }));
        assert_eq!(stream.handled(1), Some(Acknowledge { h: 3 }), "the second question");
        assert_eq!(stream.handled(1), None);
    }

    #[test]
    fn without_the_servers_leave_there_is_no_resumption() {
        assert!(StreamManagement::new(Enabled::default()).resume().is_none());
        let refused = Enabled { resume: false, ..resumable() };
        assert!(StreamManagement::new(refused).resume().is_none());
    }

    #[test]
    fn a_failure_without_a_count_parses() {
        let xml = "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
        assert_eq!(Failed::try_from(xml.parse::<Element>().unwrap()).unwrap().h, None);
        let xml = "<failed xmlns='urn:xmpp:sm:3' h='4294967295'/>";
        assert_eq!(Failed::try_from(xml.parse::<Element>().unwrap()).unwrap().h, Some(u32::MAX));
    }

    proptest! {
        /// Whatever is sent and acknowledged in whatever portions, and wherever the counter starts (also just below 2^32):
        /// each message is acknowledged exactly once, in order.
        #[test]
        fn every_message_is_acknowledged_once_and_in_order(
            start in prop_oneof![Just(0), Just(u32::MAX), Just(u32::MAX - 5), any::<u32>()],
            steps in prop::collection::vec((0_usize..6, 0_usize..6), 1..40),
        ) {
            let mut stream = StreamManagement::restored(resumable(), 0, start, Vec::new());
            let (mut sent, mut acknowledged) = (0, Vec::new());
            for (send, acknowledge) in steps {
                for _ in 0..send {
                    stream.sent(message(sent));
                    sent += 1;
                }
                let waiting = stream.unacknowledged().count();
                let count = acknowledge.min(waiting) as u32;
                let h = stream.acknowledged_count().wrapping_add(count);
                acknowledged.extend(stream.acknowledge(h).unwrap());
                prop_assert_eq!(acknowledged.len() + stream.unacknowledged().count(), sent);
            }
            let expected: Vec<_> = (0..acknowledged.len()).map(|n| StanzaId::new(n.to_string())).collect();
            prop_assert_eq!(acknowledged, expected);
        }

        /// The count for the server never passes what came in, and wraps with it.
        #[test]
        fn the_count_of_handled_stanzas_follows_the_received(
            start in prop_oneof![Just(0), Just(u32::MAX - 3), any::<u32>()],
            steps in prop::collection::vec((0_u32..5, 0_u32..9), 1..40),
        ) {
            let mut stream = StreamManagement::restored(resumable(), start, 0, Vec::new());
            let (mut received, mut handled) = (0_u32, 0_u32);
            for (receive, handle) in steps {
                (0..receive).for_each(|_| stream.received());
                received += receive;
                let _ = stream.handled(handle);
                handled = (handled + handle).min(received);
                prop_assert_eq!(stream.acknowledgement().h, start.wrapping_add(handled));
            }
        }
    }
}
