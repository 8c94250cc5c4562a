//! Archive pages, and results that are none of ours.

use super::*;

fn result(from: &str, query: &str, id: &str, inside: &str) -> String {
    format!(
        "<message {from}><result xmlns='urn:xmpp:mam:2' queryid='{query}' id='{id}'>\
         <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>{inside}\
         </forwarded></result></message>"
    )
}

fn fin(from: &str, complete: bool, set: &str) -> String {
    format!(
        "<iq type='result' id='q1' {from}><fin xmlns='urn:xmpp:mam:2' complete='{complete}'>\
         <set xmlns='http://jabber.org/protocol/rsm'>{set}</set></fin></iq>"
    )
}

fn page(decoder: &mut Decoder, xml: &str) -> heliograph_model::stanza::ArchivePage {
    match response(decoder, xml) {
        Response::ArchivePage(page) => page,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_archive_page_is_collected_from_the_archive_that_was_asked() {
    let room = Some(address(ROOM));
    let from = format!("from='{ROOM}'");
    let inner = |nick: &str| {
        format!(
            "<message xmlns='jabber:client' from='{ROOM}/{nick}' type='groupchat' id='m'><body>b</body></message>"
        )
    };
    let mut decoder = decoder();
    let query =
        ask(&mut decoder, "q1", Request::ArchivePage { archive: room, page: PageStart::Beginning, max: 50 });
    assert_eq!(query.attr("to"), Some(ROOM));
    for forged in [
        result("from='eve@example.com'", "q1", "x1", &inner("eve")),
        result("", "q1", "x2", &inner("eve")),
        result(&from, "other", "x3", &inner("eve")),
        result(&format!("from='{ROOM}/eve'"), "q1", "x4", &inner("eve")),
    ] {
        assert_eq!(decode(&mut decoder, &forged), []);
    }
    assert_eq!(decode(&mut decoder, &result(&from, "q1", "a1", &inner("bo"))), []);
    assert_eq!(decode(&mut decoder, &result(&from, "q1", "a1", &inner("bo"))), [], "sent again");
    // What cannot have been sent through this room, and what cannot be read: part of the page, not of the messages.
    let foreign =
        "<message xmlns='jabber:client' from='eve@example.com' type='groupchat'><body>b</body></message>";
    assert_eq!(decode(&mut decoder, &result(&from, "q1", "a2", foreign)), []);
    assert_eq!(decode(&mut decoder, &result(&from, "q1", "a3", "")), []);
    let read = page(&mut decoder, &fin(&from, false, "<first index='0'>a1</first><last>a3</last>"));
    assert_eq!(read.messages.len(), 1);
    let only = &read.messages[0];
    assert_eq!((only.nick.as_deref(), only.kind), (Some("bo"), MessageKind::Groupchat));
    assert_eq!(only.archive_id, Some(ArchiveId::new("a1")));
    assert_eq!(only.sent_at, Some(Timestamp(1_767_225_600_000)));
    assert_eq!((read.first, read.last), (Some(ArchiveId::new("a1")), Some(ArchiveId::new("a3"))));
    assert!(!read.complete);
}

#[test]
fn our_own_archive_holds_chats_and_not_what_came_through_rooms() {
    let mut decoder = decoder();
    let request = Request::ArchivePage { archive: None, page: PageStart::Newest, max: 50 };
    let query = ask(&mut decoder, "q1", request);
    assert_eq!(query.attr("to"), None);
    let set = query.get_child("query", "urn:xmpp:mam:2").unwrap();
    let set = set.get_child("set", "http://jabber.org/protocol/rsm").unwrap();
    assert_eq!(set.get_child("before", "http://jabber.org/protocol/rsm").unwrap().text(), "");
    let own = "from='ana@example.org'";
    let mine = "<message xmlns='jabber:client' to='bo@example.org' type='chat'><body>mine</body></message>";
    let room =
        format!("<message xmlns='jabber:client' from='{ROOM}/bo' type='groupchat'><body>b</body></message>");
    decode(&mut decoder, &result(own, "q1", "a1", mine));
    decode(&mut decoder, &result("", "q1", "a2", &room));
    decode(&mut decoder, &result("from='eve@example.com'", "q1", "a3", mine));
    let read = page(&mut decoder, &fin("", true, ""));
    assert!(read.complete);
    assert_eq!(read.messages.len(), 1);
    assert_eq!(read.messages[0].from, address("ana@example.org"));
    assert_eq!(read.messages[0].to, Some(address("bo@example.org")));
    assert_eq!(read.last, Some(ArchiveId::new("a2")));
}

#[test]
fn an_archive_that_sends_more_than_was_asked_for_is_cut_off_there() {
    let mut decoder = decoder();
    ask(&mut decoder, "q1", Request::ArchivePage { archive: None, page: PageStart::Beginning, max: 2 });
    let chat = "<message xmlns='jabber:client' from='bo@example.org' type='chat'><body>b</body></message>";
    for id in ["a1", "a2", "a3"] {
        decode(&mut decoder, &result("", "q1", id, chat));
    }
    let read = page(&mut decoder, &fin("", true, "<last>a3</last>"));
    assert_eq!(read.messages.len(), 2);
    assert_eq!(read.last, Some(ArchiveId::new("a2")), "nothing is skipped");
    assert!(!read.complete);
}

#[test]
fn an_empty_archive_and_a_lost_position() {
    let mut decoder = decoder();
    let after =
        || Request::ArchivePage { archive: None, page: PageStart::After(ArchiveId::new("gone")), max: 50 };
    ask(&mut decoder, "q1", after());
    let read = page(&mut decoder, &fin("", true, "<count>0</count>"));
    assert_eq!((read.messages.len(), read.first, read.last, read.complete), (0, None, None, true));
    ask(&mut decoder, "q1", after());
    let error = "<iq type='error' id='q1'><error type='cancel'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
    let lost = StanzaError { condition: StanzaErrorCondition::ItemNotFound, wait: false };
    assert_eq!(response(&mut decoder, error), Response::Error(lost));
}

#[test]
fn what_is_not_handled_yet_is_still_awaited_after_a_resumption() {
    let mut first = decoder();
    ask(&mut first, "q1", Request::EnableCarbons);
    ask(&mut first, "q2", Request::ArchivePage { archive: None, page: PageStart::Beginning, max: 50 });
    let chat = "<message xmlns='jabber:client' from='bo@example.org' type='chat'><body>b</body></message>";
    decode(&mut first, &result("", "q2", "a1", chat));
    decode(&mut first, &result("", "q2", "a2", chat));
    let end = fin("", true, "<last>a2</last>").replace("q1", "q2");
    assert_eq!(page(&mut first, &end).messages.len(), 2);
    assert_eq!(response(&mut first, "<iq type='result' id='q1'/>"), Response::Done);
    // Two of the four are safe; the server sends the others again.
    first.handled(2);
    let mut second = Decoder::restored(first.own().clone(), first.state());
    assert_eq!(page(&mut second, &end).messages.len(), 2);
    assert_eq!(response(&mut second, "<iq type='result' id='q1'/>"), Response::Done);
    second.handled(2);
    let mut third = Decoder::restored(second.own().clone(), second.state());
    assert_eq!(decode(&mut third, "<iq type='result' id='q1'/>"), []);
}
