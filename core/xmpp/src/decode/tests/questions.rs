//! Questions, their answers, and who may give them.

use super::*;

#[test]
fn answers_come_from_whoever_was_asked() {
    let bo = || Request::Features { of: address("bo@example.org") };
    let answer = |from: &str| {
        format!(
            "<iq type='result' id='q1' {from}><query xmlns='http://jabber.org/protocol/disco#info'>\
             <identity category='client' type='phone'/><feature var='urn:xmpp:mls:0'/></query></iq>"
        )
    };
    for forged in ["from='eve@example.com'", "from='bo@example.org/x'", "from='example.org'", ""] {
        let mut decoder = decoder();
        ask(&mut decoder, "q1", bo());
        assert_eq!(decode(&mut decoder, &answer(forged)), [], "{forged}");
        let read = response(&mut decoder, &answer("from='bo@example.org'"));
        let identities = vec!["client/phone".to_owned()];
        let features = vec!["urn:xmpp:mls:0".to_owned()];
        assert_eq!(read, Response::Features(Features { identities, features }));
        assert_eq!(decode(&mut decoder, &answer("from='bo@example.org'")), [], "once");
    }
    // Our own account may sign in any of its names.
    for from in ["", "from='ana@example.org'", "from='example.org'", "from='ana@example.org/phone'"] {
        let mut decoder = decoder();
        ask(&mut decoder, "q1", Request::EnableCarbons);
        assert_eq!(decode(&mut decoder, "<iq type='result' id='q1' from='eve@example.com'/>"), []);
        assert_eq!(response(&mut decoder, &format!("<iq type='result' id='q1' {from}/>")), Response::Done);
    }
    // Our server leaves its name out where we asked itself.
    let mut decoder = decoder();
    ask(&mut decoder, "q1", Request::Ping { to: address("example.org"), nick: None });
    assert_eq!(response(&mut decoder, "<iq type='result' id='q1'/>"), Response::Done);
    // A room answers for the nick that was asked about.
    let stanza = ask(&mut decoder, "q2", Request::Ping { to: address(ROOM), nick: Some("ana".to_owned()) });
    assert_eq!(stanza.attr("to"), Some("room@muc.example.org/ana"));
    assert_eq!(decode(&mut decoder, &format!("<iq type='result' id='q2' from='{ROOM}'/>")), []);
    let error = format!(
        "<iq type='error' id='q2' from='{ROOM}/ana'><error type='cancel'>\
         <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    );
    let refused = StanzaError { condition: StanzaErrorCondition::NotAcceptable, wait: false };
    assert_eq!(response(&mut decoder, &error), Response::Error(refused));
}

#[test]
fn a_publication_finds_its_way_around_what_a_server_refuses() {
    let value = |stanza: &Element, var: &str| {
        let text = String::from(stanza);
        text.split(var)
            .nth(1)
            .map(|rest| rest.split("<value>").nth(1).unwrap().split('<').next().unwrap().to_owned())
    };
    let refused = |id: &str, condition: &str| {
        parse(&format!(
            "<iq type='error' id='{id}'><error type='cancel'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        ))
    };
    let publish =
        |item: &str| Request::Publish { node: Node::KeyPackages, item: item.to_owned(), data: vec![1, 2, 3] };
    let mut decoder = decoder();
    let first = ask(&mut decoder, "q1", publish("d.0"));
    assert_eq!(value(&first, "pubsub#max_items").as_deref(), Some("max"));
    assert_eq!(value(&first, "pubsub#access_model").as_deref(), Some("open"));
    assert_eq!(value(&first, "pubsub#persist_items").as_deref(), Some("true"));

    let second = decoder.decode(&refused("q1", "bad-request")).replies.remove(0);
    assert_eq!(value(&second, "pubsub#max_items").as_deref(), Some("256"));
    let third = decoder.decode(&refused(second.attr("id").unwrap(), "conflict")).replies.remove(0);
    assert!(third.has_child("pubsub", "http://jabber.org/protocol/pubsub#owner"));
    let done = format!("<iq type='result' id='{}'/>", third.attr("id").unwrap());
    let last = decoder.decode(&parse(&done)).replies.remove(0);
    assert_eq!(value(&last, "pubsub#max_items"), None);
    assert!(String::from(&last).contains("AQID"));
    let done = format!("<iq type='result' id='{}'/>", last.attr("id").unwrap());
    assert_eq!(
        decode(&mut decoder, &done),
        [Inbound::Response { id: RequestId::new("q1"), response: Response::Done }]
    );

    // The next one does not ask for what was refused.
    let next = ask(&mut decoder, "q2", publish("d.1"));
    assert_eq!(value(&next, "pubsub#max_items").as_deref(), Some("256"));
    // A server without PEP is asked once.
    let forbidden = decoder.decode(&refused("q2", "service-unavailable"));
    assert!(forbidden.replies.is_empty());
    assert!(matches!(forbidden.inbound[0], Inbound::Response { response: Response::Error(_), .. }));
}

#[test]
fn items_are_read_where_they_are_what_they_should_be() {
    let mut decoder = decoder();
    let account = address("bo@example.org");
    let items = vec!["d.0".to_owned(), "d.1".to_owned()];
    let query = ask(&mut decoder, "q1", Request::FetchItems { account, node: Node::KeyPackages, items });
    assert_eq!(String::from(&query).matches("<item ").count(), 2);
    let answer = "<iq type='result' id='q1' from='bo@example.org'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
         <items node='urn:xmpp:mls:0:kp'><item id='d.0'><kp xmlns='urn:xmpp:mls:0'>AQID</kp></item>\
         <item id='d.1'><devices xmlns='urn:xmpp:mls:0'>AQID</devices></item><item id='d.2'/>\
         <item><kp xmlns='urn:xmpp:mls:0'>AQID</kp></item>\
         <item id='d.3'><kp xmlns='urn:xmpp:mls:0'>?</kp></item></items></pubsub></iq>";
    let expected = Response::NodeItems(vec![("d.0".to_owned(), vec![1, 2, 3])]);
    assert_eq!(response(&mut decoder, answer), expected);
}

#[test]
fn device_lists_are_announced_by_the_account_itself() {
    let event = |from: &str, node: &str| {
        format!(
            "<message {from} type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'>\
             <items node='{node}'><item id='current'/></items></event></message>"
        )
    };
    let devices = "urn:xmpp:mls:0:devices";
    let changed = |account: &str| [Inbound::DevicesChanged { account: address(account) }];
    assert_eq!(decode(&mut decoder(), &event("from='bo@example.org'", devices)), changed("bo@example.org"));
    assert_eq!(decode(&mut decoder(), &event("", devices)), changed("ana@example.org"));
    assert_eq!(decode(&mut decoder(), &event("from='bo@example.org/x'", devices)), []);
    assert_eq!(decode(&mut decoder(), &event("from='bo@example.org'", "urn:xmpp:avatar:data")), []);
}

#[test]
fn an_answer_that_is_too_large_is_still_an_answer() {
    let mut decoder = decoder();
    ask(&mut decoder, "q1", Request::Services { of: address("example.org") });
    let head = parse("<iq type='result' id='q1' from='example.org'/>");
    let error = StanzaError { condition: StanzaErrorCondition::PolicyViolation, wait: false };
    assert_eq!(
        decoder.decode_oversized(&head).inbound,
        [Inbound::Response { id: RequestId::new("q1"), response: Response::Error(error) }]
    );
}

#[test]
fn capabilities_match_what_we_answer() {
    let stanza = decoder().encode(&Outbound::Available).unwrap().stanza;
    let caps = stanza.get_child("c", "http://jabber.org/protocol/caps").unwrap();
    let node = format!("{}#{}", caps.attr("node").unwrap(), caps.attr("ver").unwrap());
    let question = |node: &str| {
        parse(&format!(
            "<iq type='get' id='s1' from='example.org'>\
             <query xmlns='http://jabber.org/protocol/disco#info' node='{node}'/></iq>"
        ))
    };
    let answer = decoder().decode(&question(&node)).replies.remove(0);
    assert_eq!(answer.attr("type"), Some("result"));
    let text = String::from(&answer);
    assert!(text.contains("urn:xmpp:mls:0:devices+notify") && text.contains("Heliograph"), "{text}");
    let other = decoder().decode(&question("something-else")).replies.remove(0);
    assert_eq!(other.attr("type"), Some("error"));
}

#[test]
fn push_is_asked_for_as_the_app_server_wants_it_and_of_our_own_account() {
    let target = heliograph_model::PushTarget {
        service: address("push-5.client.example"),
        node: "yxs32uqsflafdk3iuqo".to_owned(),
        options: vec![("secret".to_owned(), "eruio234vzxc2kla-91 & <more>".to_owned())],
    };
    let mut decoder = decoder();
    let stanza = ask(&mut decoder, "q1", Request::EnablePush(target.clone()));
    assert_eq!((stanza.attr("type"), stanza.attr("to")), (Some("set"), None));
    let enable = stanza.get_child("enable", "urn:xmpp:push:0").unwrap();
    assert_eq!(enable.attr("jid"), Some("push-5.client.example"));
    assert_eq!(enable.attr("node"), Some("yxs32uqsflafdk3iuqo"));
    let form = enable.get_child("x", "jabber:x:data").unwrap();
    let fields: Vec<_> = form
        .children()
        .map(|field| (field.attr("var").unwrap(), field.get_child("value", "jabber:x:data").unwrap().text()))
        .collect();
    let options = "http://jabber.org/protocol/pubsub#publish-options".to_owned();
    let secret = "eruio234vzxc2kla-91 & <more>".to_owned();
    assert_eq!(fields, [("FORM_TYPE", options), ("secret", secret)]);
    assert_eq!(form.attr("type"), Some("submit"));
    assert_eq!(decode(&mut decoder, "<iq type='result' id='q1' from='push-5.client.example'/>"), []);
    assert_eq!(response(&mut decoder, "<iq type='result' id='q1' from='ana@example.org'/>"), Response::Done);

    // Without options there is no form: servers would publish with an empty one.
    let bare = heliograph_model::PushTarget { options: Vec::new(), ..target.clone() };
    let stanza = ask(&mut decoder, "q2", Request::EnablePush(bare));
    assert!(stanza.get_child("enable", "urn:xmpp:push:0").unwrap().children().next().is_none());

    let (service, node) = (target.service, target.node);
    let stanza = ask(&mut decoder, "q3", Request::DisablePush { service, node });
    let disable = stanza.get_child("disable", "urn:xmpp:push:0").unwrap();
    assert_eq!(disable.attr("jid"), Some("push-5.client.example"));
    assert_eq!(disable.attr("node"), Some("yxs32uqsflafdk3iuqo"));
}
