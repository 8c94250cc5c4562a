//! Which conversation a typed word means: a number, an address or a name.

use heliograph_client::{Address, Contact, ContactKind, Conversation, ConversationId, ConversationKind};

use crate::failure::Failure;

/// What a word refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Referent {
    /// A conversation that exists.
    Conversation(ConversationId),
    /// An address without a conversation yet.
    Address(Address),
}

/// Finds the conversation that a word means. In this order: a conversation's number, an address or a link to one, a name as it
/// is written, a name in other capitals, the part of a contact's address before the @. Conversations that were left or
/// that failed count only where no open one fits; several of equal rank are an error, not a guess.
pub fn resolve(word: &str, conversations: &[Conversation]) -> Result<Referent, Failure> {
    let word = word.trim();
    if let Some(found) = word
        .strip_prefix('#')
        .unwrap_or(word)
        .parse::<i64>()
        .ok()
        .and_then(|number| conversations.iter().find(|conversation| conversation.id.0 == number))
    {
        return Ok(Referent::Conversation(found.id));
    }
    let contact = Contact::read(word).ok();
    let by_address = |conversation: &Conversation| {
        contact.as_ref().is_some_and(|contact| contact.address == conversation.address)
    };
    let by_name = |conversation: &Conversation| conversation.name.as_deref() == Some(word);
    let folded = word.to_lowercase();
    let by_folded_name = |conversation: &Conversation| {
        conversation.name.as_ref().is_some_and(|name| name.to_lowercase() == folded)
    };
    let by_local_part = |conversation: &Conversation| {
        conversation.kind != ConversationKind::Group && conversation.address.local() == Some(folded.as_str())
    };
    let ranks: [&dyn Fn(&Conversation) -> bool; 4] = [&by_address, &by_name, &by_folded_name, &by_local_part];
    for fits in ranks {
        let all: Vec<&Conversation> =
            conversations.iter().filter(|conversation| fits(conversation)).collect();
        let open: Vec<&Conversation> = all.iter().copied().filter(|found| found.may_write).collect();
        match if open.is_empty() { all } else { open }.as_slice() {
            [] => {}
            [one] => return Ok(Referent::Conversation(one.id)),
            several => return Err(Failure::Ambiguous(several.iter().map(|one| one.id.0).collect())),
        }
    }
    // A room is entered before anybody can talk there.
    contact
        .filter(|contact| contact.kind == ContactKind::Account)
        .map(|contact| Referent::Address(contact.address))
        .ok_or(Failure::NoSuchConversation)
}

#[cfg(test)]
mod tests {
    use super::{Referent, resolve};
    use crate::failure::Failure;
    use crate::sample::conversation;
    use heliograph_client::{Address, Conversation, ConversationId, ConversationKind};

    fn some() -> Vec<Conversation> {
        vec![
            conversation(1, ConversationKind::Direct, "ben@example.org", None),
            conversation(2, ConversationKind::Group, "g1@muc.example.org", Some("Crew")),
            conversation(3, ConversationKind::Group, "g2@muc.example.org", Some("night watch")),
            conversation(4, ConversationKind::Group, "g3@muc.example.org", Some("Night Watch")),
            conversation(5, ConversationKind::Room, "lobby@muc.example.org", None),
        ]
    }

    fn found(word: &str) -> i64 {
        match resolve(word, &some()).unwrap() {
            Referent::Conversation(id) => id.0,
            Referent::Address(_) => panic!("{word} was not found"),
        }
    }

    #[test]
    fn by_number_address_and_name() {
        assert_eq!(found("2"), 2);
        assert_eq!(found("#2"), 2);
        assert_eq!(found("Ben@Example.org"), 1);
        assert_eq!(found("xmpp:ben@example.org?message"), 1);
        assert_eq!(found("xmpp:lobby@muc.example.org?join"), 5);
        assert_eq!(found("g1@muc.example.org"), 2);
        assert_eq!(found("crew"), 2);
        assert_eq!(found("night watch"), 3);
        assert_eq!(found("Night Watch"), 4);
        assert_eq!(found("ben"), 1);
        assert_eq!(found("lobby"), 5);
    }

    #[test]
    fn an_ambiguous_name_is_an_error_that_names_the_choices() {
        let error = resolve("NIGHT WATCH", &some()).unwrap_err();
        assert!(matches!(&error, Failure::Ambiguous(ids) if ids == &[3, 4]));
        assert!(error.to_string().contains("3, 4"));
    }

    #[test]
    fn a_group_that_was_left_gives_way_to_an_open_one() {
        let mut conversations = some();
        conversations[2].may_write = false;
        assert_eq!(
            resolve("NIGHT WATCH", &conversations).unwrap(),
            Referent::Conversation(ConversationId(4))
        );
    }

    #[test]
    fn an_unknown_address_may_become_a_chat_and_an_unknown_name_may_not() {
        let address = Address::parse("zoe@example.org").unwrap();
        assert_eq!(resolve("zoe@example.org", &some()).unwrap(), Referent::Address(address));
        assert!(matches!(resolve("xmpp:zoe@example.org", &some()), Ok(Referent::Address(_))));
        assert!(matches!(
            resolve("xmpp:zoe@muc.example.org?join", &some()),
            Err(Failure::NoSuchConversation)
        ));
        assert!(matches!(resolve("zoe", &some()), Err(Failure::NoSuchConversation)));
        assert!(matches!(resolve("99", &some()), Err(Failure::NoSuchConversation)));
        assert!(matches!(resolve("", &some()), Err(Failure::NoSuchConversation)));
    }
}
