//! "Why was this not delivered?": which message is meant, and the answer in words and as an object.

use heliograph_client::{
    Address, Client, Delivery, DeliveryState, Error, ErrorCode, Message, Timestamp, Waiting,
};
use serde_json::{Value, json};

use crate::action::{Target, existing, page};
use crate::failure::Failure;
use crate::json_event::MessageFields;
use crate::render::{Look, short_address};

/// How far back the last message of ours is looked for: farther up, a person would not mean it.
const LOOKED_THROUGH: usize = 500;

/// Which message of ours is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one in this row.
    Row(i64),
    /// The last one that we wrote in a conversation.
    Last(Target),
}

/// The row of the message, which must be in one of these states if it is the last one that is meant.
pub fn row(client: &Client, which: Which, states: &[DeliveryState]) -> Result<i64, Failure> {
    let of = match which {
        Which::Row(row) => return Ok(row),
        Which::Last(of) => existing(client, of)?,
    };
    let fits =
        |message: &&Message| message.outgoing && (states.is_empty() || states.contains(&message.state));
    let page = page(client, of, LOOKED_THROUGH)?;
    let found = page.messages.iter().rev().find(fits).map(|message| message.row);
    found.ok_or_else(|| Error::new(ErrorCode::NotFound, "there is no such message of ours").into())
}

/// The answer as an object.
pub fn fields(delivery: &Delivery) -> Value {
    let recipients: Vec<Value> = delivery
        .recipients
        .iter()
        .map(|one| {
            json!({
                "address": one.address.to_string(),
                "delivered_at": one.delivered_at.map(|at| at.0),
                "displayed_at": one.displayed_at.map(|at| at.0),
            })
        })
        .collect();
    json!({
        "message": MessageFields::new(&delivery.message, false),
        "waiting_for": delivery.waiting_for.map(word),
        "attempts": delivery.attempts,
        "queued_at": delivery.queued_at.0,
        "recipients": recipients,
    })
}

const fn word(waiting: Waiting) -> &'static str {
    match waiting {
        Waiting::Network => "network",
        Waiting::Connection => "connection",
        Waiting::Conversation => "conversation",
        Waiting::Keys => "keys",
        Waiting::Server => "server",
        Waiting::Recipients => "recipients",
    }
}

/// The answer in a few lines: what it waits for, and who has it.
pub fn lines(look: &Look, delivery: &Delivery, me: &Address, now: Timestamp) -> Vec<String> {
    let mut lines = vec![match delivery.waiting_for {
        Some(waiting) => waiting.advice().to_owned(),
        None => look.delivery(&delivery.message),
    }];
    for one in &delivery.recipients {
        let name = short_address(&one.address, me);
        lines.push(match (one.displayed_at, one.delivered_at) {
            (Some(at), _) => format!("{name}: seen {}", look.time(at, now)),
            (None, Some(at)) => format!("{name}: has it since {}", look.time(at, now)),
            (None, None) => format!("{name}: not known to have it"),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use heliograph_client::{ConversationKind, Recipient, Security};

    use super::*;
    use crate::render::Zone;
    use crate::sample::{NOON, conversation, message};

    #[test]
    fn the_answer_says_what_is_missing_and_who_has_it() {
        let crew = conversation(1, ConversationKind::Group, "g@muc.example.org", Some("crew"));
        let mut sent = message(1, &crew, "ana@example.org", "hello");
        (sent.outgoing, sent.security, sent.state) = (true, Security::Encrypted, DeliveryState::Archived);
        let recipient = |name: &str, delivered_at, displayed_at| Recipient {
            address: Address::parse(&format!("{name}@example.org")).unwrap(),
            delivered_at,
            displayed_at,
        };
        let delivery = Delivery {
            message: sent,
            waiting_for: Some(Waiting::Recipients),
            attempts: 0,
            queued_at: NOON,
            recipients: vec![
                recipient("ben", Some(NOON), Some(NOON)),
                recipient("dan", Some(NOON), None),
                recipient("eve", None, None),
            ],
            may_send_again: false,
            may_discard: false,
        };
        let look = Look { colour: false, width: None, zone: Zone::Utc };
        let me = Address::parse("ana@example.org").unwrap();
        assert_eq!(
            lines(&look, &delivery, &me, NOON),
            [
                "The server has it; the others have not fetched it yet.",
                "ben: seen 12:03",
                "dan: has it since 12:03",
                "eve: not known to have it",
            ]
        );
        assert_eq!(fields(&delivery)["waiting_for"], "recipients");
        assert_eq!(fields(&delivery)["recipients"][1]["delivered_at"], NOON.0);
        let done = Delivery { waiting_for: None, recipients: Vec::new(), ..delivery };
        assert_eq!(lines(&look, &done, &me, NOON), ["✓ sent"]);
    }
}
