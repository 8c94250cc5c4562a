//! Rooms: being in them, configuring them, what they say.

use super::*;

#[test]
fn messages_of_rooms_count_only_in_rooms_that_we_entered() {
    let xml = format!("<message from='{ROOM}/bo' type='groupchat'><body>b</body></message>");
    assert_eq!(decode(&mut decoder(), &xml), []);
    assert_eq!(text(&message(&mut in_room(), &xml)), "b");
    // History that nobody asked for, and what our own server held back during a resumption.
    let delayed = |by: &str| {
        format!(
            "<message from='{ROOM}/bo' type='groupchat'><body>b</body>\
             <delay xmlns='urn:xmpp:delay' {by} stamp='2026-01-02T03:04:05.678Z'/></message>"
        )
    };
    assert_eq!(decode(&mut in_room(), &delayed(&format!("from='{ROOM}'"))), []);
    let held = message(&mut in_room(), &delayed("from='example.org'"));
    assert_eq!(held.sent_at, Some(Timestamp(1_767_323_045_678)));
    // A private message in a room is not a chat with an account of the room's name.
    for xml in [
        format!("<message from='{ROOM}/bo' type='chat'><body>psst</body></message>"),
        "<message from='other@muc.example.org/bo' type='chat'><body>psst</body>\
         <x xmlns='http://jabber.org/protocol/muc#user'/></message>"
            .to_owned(),
    ] {
        assert_eq!(decode(&mut in_room(), &xml), [], "{xml}");
    }
}

#[test]
fn entering_and_leaving_rooms() {
    let presence = |nick: &str, kind: &str, inside: &str| {
        format!(
            "<presence from='{ROOM}/{nick}' {kind}><x xmlns='http://jabber.org/protocol/muc#user'>{inside}\
             </x></presence>"
        )
    };
    let room = address(ROOM);
    let mut decoder = in_room();
    assert_eq!(decode(&mut decoder, &presence("bo", "", "<item affiliation='weird'/>")), []);
    let entered = presence("ana2", "", "<status code='110'/><status code='201'/><status code='999'/>");
    assert_eq!(
        decode(&mut decoder, &entered),
        [Inbound::RoomJoined { room: room.clone(), nick: "ana2".to_owned(), created: true }]
    );
    assert_eq!(decode(&mut decoder, &entered), [], "once");
    let renamed = presence("ana2", "type='unavailable'", "<status code='303'/><status code='110'/>");
    assert_eq!(decode(&mut decoder, &renamed), []);
    assert_eq!(decode(&mut decoder, &presence("ana3", "", "<status code='110'/>")), []);
    assert_eq!(decode(&mut decoder, &presence("bo", "type='unavailable'", "")), []);
    // Kicked, by a server that does not mark it as our own.
    let kicked = presence("ana3", "type='unavailable'", "<status code='307'/>");
    let left = [Inbound::RoomLeft { room: room.clone(), destroyed: false }];
    assert_eq!(decode(&mut decoder, &kicked), left);
    assert_eq!(decode(&mut decoder, &kicked), [], "we are out already");

    // An earlier session of ours ends late, and the engine may enter once more.
    let mut decoder = in_room();
    decode(&mut decoder, &presence("ana", "", "<status code='110'/>"));
    for ghost in ["", "<status code='110'/>"] {
        let lost = [Inbound::RoomLost { room: room.clone() }];
        assert_eq!(decode(&mut decoder, &presence("ana", "type='unavailable'", ghost)), lost);
        let back = [Inbound::RoomJoined { room: room.clone(), nick: "ana".to_owned(), created: false }];
        assert_eq!(decode(&mut decoder, &presence("ana", "", "<status code='110'/>")), back);
    }

    let destroyed = presence("ana", "type='unavailable'", "<status code='110'/><destroy/>");
    let left = [Inbound::RoomLeft { room: room.clone(), destroyed: true }];
    assert_eq!(decode(&mut in_room(), &destroyed), left);

    let refused = format!(
        "<presence from='{ROOM}/ana' type='error'><error type='auth'>\
         <registration-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
    );
    let error = StanzaError { condition: StanzaErrorCondition::RegistrationRequired, wait: false };
    assert_eq!(decode(&mut in_room(), &refused), [Inbound::RoomRefused { room: room.clone(), error }]);

    // A room that we never asked for, and one that we left ourselves.
    assert_eq!(decode(&mut super::decoder(), &entered), []);
    let mut decoder = in_room();
    decoder.encode(&Outbound::LeaveRoom { room, nick: "ana".to_owned() }).unwrap();
    assert_eq!(decode(&mut decoder, &presence("ana", "type='unavailable'", "<status code='110'/>")), []);
}

#[test]
fn a_room_is_configured_with_what_its_form_offers() {
    let mut decoder = decoder();
    let form = ask(&mut decoder, "q1", Request::ConfigureGroupRoom { room: address(ROOM) });
    assert_eq!(form.attr("type"), Some("get"));
    let offered = format!(
        "<iq type='result' id='q1' from='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'>\
         <x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE' type='hidden'><value>x</value></field>\
         <field type='fixed'><value>note</value></field>\
         <field var='muc#roomconfig_membersonly' type='boolean'><value>0</value></field>\
         <field var='muc#roomconfig_whois' type='list-single'/><field var='muc#roomconfig_roomname'/>\
         <field var='muc#roomconfig_presencebroadcast' type='list-multi'>\
         <option><value>moderator</value></option></field>\
         <field var='mam' type='boolean'/></x></query></iq>"
    );
    let submitted = decoder.decode(&parse(&offered)).replies.remove(0);
    let text = String::from(&submitted);
    assert_eq!((submitted.attr("to"), submitted.attr("type")), (Some(ROOM), Some("set")));
    for expected in
        ["muc#roomconfig_membersonly", "muc#roomconfig_whois", "presencebroadcast", "'mam'", "anyone"]
    {
        assert!(text.replace('"', "'").contains(expected), "{expected}: {text}");
    }
    for unexpected in ["roomname", "publicroom", "persistentroom"] {
        assert!(!text.contains(unexpected), "{unexpected}: {text}");
    }
    let done = format!("<iq type='result' id='{}' from='{ROOM}'/>", submitted.attr("id").unwrap());
    assert_eq!(
        decode(&mut decoder, &done),
        [Inbound::Response { id: RequestId::new("q1"), response: Response::Done }]
    );

    ask(&mut decoder, "q2", Request::ConfigureGroupRoom { room: address(ROOM) });
    let empty = format!(
        "<iq type='result' id='q2' from='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>"
    );
    assert!(matches!(response(&mut decoder, &empty), Response::Error(_)));
}

#[test]
fn a_new_room_is_taken_as_it_is_with_an_empty_form() {
    let stanza = ask(&mut decoder(), "q1", Request::AcceptRoomDefaults { room: address(ROOM) });
    assert_eq!((stanza.attr("to"), stanza.attr("type")), (Some(ROOM), Some("set")));
    let query = stanza.get_child("query", "http://jabber.org/protocol/muc#owner").unwrap();
    let form = query.get_child("x", "jabber:x:data").unwrap();
    assert_eq!((form.attr("type"), form.children().count()), (Some("submit"), 0));
}

#[test]
fn places_in_rooms_are_given_by_account() {
    let (room, account) = (address(ROOM), address("bo@example.org"));
    let request = Request::SetAffiliation { room, account, affiliation: Affiliation::Member };
    let stanza = ask(&mut decoder(), "q1", request);
    let query = stanza.get_child("query", "http://jabber.org/protocol/muc#admin").unwrap();
    let item = query.get_child("item", "http://jabber.org/protocol/muc#admin").unwrap();
    assert_eq!((item.attr("jid"), item.attr("affiliation")), (Some("bo@example.org"), Some("member")));
}

#[test]
fn what_a_room_says_means_the_same_again_until_it_is_handled() {
    let room = address(ROOM);
    let status = |kind: &str, code: &str| {
        format!(
            "<presence from='{ROOM}/ana' {kind}><x xmlns='http://jabber.org/protocol/muc#user'>\
             <status code='110'/><status code='{code}'/></x></presence>"
        )
    };
    let joined = Inbound::RoomJoined { room: room.clone(), nick: "ana".to_owned(), created: false };
    let steps = [
        (status("", "100"), joined.clone()),
        (status("type='unavailable'", "333"), Inbound::RoomLost { room: room.clone() }),
        (status("", "100"), joined),
        (status("type='unavailable'", "307"), Inbound::RoomLeft { room: room.clone(), destroyed: false }),
    ];
    let resumed = |decoder: &Decoder| Decoder::restored(decoder.own().clone(), decoder.state());
    let mut decoder = in_room();
    for (stanza, news) in steps {
        // The session breaks before its owner has it, twice; the server sends it again each time.
        for _ in 0..2 {
            assert_eq!(decode(&mut decoder, &stanza), std::slice::from_ref(&news));
            decoder = resumed(&decoder);
        }
        assert_eq!(decode(&mut decoder, &stanza), [news]);
        decoder.handled(1);
        decoder = resumed(&decoder);
    }
    // What the owner says itself counts from the moment it is said.
    let mut decoder = in_room();
    decode(&mut decoder, &status("", "100"));
    let leave = Outbound::LeaveRoom { room, nick: "ana".to_owned() };
    assert!(decoder.encode(&leave).is_ok());
    assert_eq!(decode(&mut resumed(&decoder), &status("", "100")), []);
}
