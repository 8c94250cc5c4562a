//! Whole negotiations by hand, without a socket.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use heliograph_model::ErrorCode;

use super::*;

#[path = "../../tests/scripted/scram.rs"]
mod scram;
use scram::ScramServer;

const PASSWORD: &str = "correct horse";
const NAMESPACES: &str = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
const SCRAM: &str =
    "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>";
const BIND: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
const BIND_SM: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>";
const BOUND: &str = "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
     <jid>ana@example.org/phone</jid></bind></iq>";

fn parse(xml: &str) -> Element {
    let text = format!("<stream {NAMESPACES}>{xml}</stream>");
    text.parse::<Element>().unwrap().children().next().unwrap().clone()
}

fn features(inside: &str) -> Element {
    parse(&format!("<stream:features>{inside}</stream:features>"))
}

struct Table {
    negotiation: Negotiation<'static>,
}

impl Table {
    fn new(resume: Option<Resume>) -> Self {
        Self::with(resume, false)
    }

    fn with(resume: Option<Resume>, allow_plain: bool) -> Self {
        let memory = ServerMemory::new(Address::parse("ana@example.org").unwrap()).unwrap();
        Self::remembering(memory, resume, allow_plain)
    }

    fn remembering(memory: ServerMemory, resume: Option<Resume>, allow_plain: bool) -> Self {
        let login = Login {
            address: Address::parse("ana@example.org").unwrap(),
            password: Zeroizing::new(PASSWORD.to_owned()),
            resource: None,
            allow_plain,
            resume,
            now: Timestamp(0),
            redirects: 0,
        };
        Self { negotiation: Negotiation::new(login, Box::leak(Box::new(memory))) }
    }

    fn give(&mut self, element: &Element) -> Result<Vec<Action>, SessionError> {
        self.negotiation.handle(Input::Element(element))
    }

    fn secured(&mut self) {
        let actions = self.negotiation.handle(Input::Secured(ChannelBindings::default())).unwrap();
        assert_eq!(actions, [open(true)]);
    }

    /// Up to the features after login.
    fn logged_in(resume: Option<Resume>) -> Self {
        let mut table = Self::new(resume);
        table.secured();
        let auth = sent(table.give(&features(SCRAM)));
        let (server, _, challenge) = ScramServer::start(&data(&auth));
        let response = sent(table.give(&sasl("challenge", &challenge)));
        let proof = server.finish(&data(&response), PASSWORD, b"n,,").unwrap();
        assert_eq!(table.give(&sasl("success", &proof)).unwrap(), [open(true)]);
        table
    }
}

fn open(named: bool) -> Action {
    Action::OpenStream { named, ahead: Vec::new() }
}

/// The bind request, and `<enable/>` right behind it.
fn bind_and_enable(actions: Result<Vec<Action>, SessionError>) {
    match actions.unwrap().as_slice() {
        [Action::Send(bind), Action::Send(enable)] => {
            assert!(bind.is("iq", xns::JABBER_CLIENT));
            assert!(enable.is("enable", xns::SM));
        }
        other => panic!("{other:?}"),
    }
}

fn sent(actions: Result<Vec<Action>, SessionError>) -> Element {
    match actions.unwrap().as_slice() {
        [Action::Send(element)] => element.clone(),
        other => panic!("{other:?}"),
    }
}

fn data(element: &Element) -> Vec<u8> {
    STANDARD.decode(element.text()).unwrap()
}

fn sasl(name: &str, data: &[u8]) -> Element {
    let data = STANDARD.encode(data);
    parse(&format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{data}</{name}>"))
}

fn code(actions: Result<Vec<Action>, SessionError>) -> ErrorCode {
    actions.unwrap_err().code()
}

fn resume() -> Resume {
    Resume { h: 5, previd: "old".to_owned() }
}

#[test]
fn starttls_comes_before_everything_and_cannot_be_stripped() {
    let mut table = Table::new(None);
    assert_eq!(table.negotiation.handle(Input::Connected).unwrap(), [open(false)], "no address in the clear");
    let offer = format!("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>{SCRAM}");
    assert!(sent(table.give(&features(&offer))).is("starttls", xns::TLS));
    let proceed = parse("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    assert_eq!(table.give(&proceed).unwrap(), [Action::StartTls]);
    table.secured();

    // Somebody took the offer out: nothing is sent.
    for stripped in [SCRAM, "", BIND] {
        let mut table = Table::new(None);
        table.negotiation.handle(Input::Connected).unwrap();
        assert_eq!(code(table.give(&features(stripped))), ErrorCode::EncryptionUnavailable);
    }
    let mut table = Table::new(None);
    table.negotiation.handle(Input::Connected).unwrap();
    table.give(&features(&offer)).unwrap();
    let failure = parse("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    assert_eq!(code(table.give(&failure)), ErrorCode::EncryptionUnavailable);
}

#[test]
fn a_fresh_session_is_bound_and_managed_where_the_server_can() {
    let mut table = Table::logged_in(None);
    bind_and_enable(table.give(&features(BIND_SM)));
    assert_eq!(table.give(&parse(BOUND)).unwrap(), []);
    // A message that comes in between is no answer.
    assert_eq!(table.give(&parse("<message><body>early</body></message>")).unwrap(), []);
    let enabled = parse("<enabled xmlns='urn:xmpp:sm:3' id='new' resume='1' location='[::1]:5222'/>");
    let actions = table.give(&enabled).unwrap();
    let [Action::Bound { jid, managed: Some(managed), refused: None, .. }] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert_eq!(jid.to_string(), "ana@example.org/phone");
    assert_eq!(managed.id.as_deref(), Some("new"));
    assert!(managed.resume);

    let mut table = Table::logged_in(None);
    table.give(&features(BIND)).unwrap();
    let actions = table.give(&parse(BOUND)).unwrap();
    assert!(matches!(actions.as_slice(), [Action::Bound { managed: None, .. }]));
}

#[test]
fn a_resumption_succeeds_or_leads_to_a_fresh_session() {
    let mut table = Table::logged_in(Some(resume()));
    let request = sent(table.give(&features(BIND_SM)));
    assert_eq!((request.attr("previd"), request.attr("h")), (Some("old"), Some("5")));
    let resumed = parse("<resumed xmlns='urn:xmpp:sm:3' previd='old' h='7'/>");
    let actions = table.give(&resumed).unwrap();
    assert!(
        matches!(actions.as_slice(), [Action::Resumed { h: 7, granted, asked: false }] if granted.resumed)
    );

    // With the count, without it (a server that was restarted), with and without a reason.
    let item = "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
    for (attributes, inside, h) in [("h='7'", item, Some(7)), ("", item, None), ("", "", None)] {
        let mut table = Table::logged_in(Some(resume()));
        table.give(&features(BIND_SM)).unwrap();
        let failed = parse(&format!("<failed xmlns='urn:xmpp:sm:3' {attributes}>{inside}</failed>"));
        bind_and_enable(table.give(&failed));
        table.give(&parse(BOUND)).unwrap();
        let actions = table.give(&parse("<enabled xmlns='urn:xmpp:sm:3'/>")).unwrap();
        assert!(
            matches!(actions.as_slice(), [Action::Bound { refused: Some(refused), .. }] if refused.h == h),
            "{actions:?}"
        );
    }

    // A server that no longer offers stream management.
    let mut table = Table::logged_in(Some(resume()));
    assert!(sent(table.give(&features(BIND))).is("iq", xns::JABBER_CLIENT));
}

#[test]
fn a_server_must_prove_that_it_knows_the_password() {
    let proofs: [Option<&[u8]>; 4] = [None, Some(b""), Some(b"v=AAAA"), Some(b"e=other-error")];
    for proof in proofs {
        let mut table = Table::new(None);
        table.secured();
        let auth = sent(table.give(&features(SCRAM)));
        let (_, _, challenge) = ScramServer::start(&data(&auth));
        if let Some(proof) = proof {
            table.give(&sasl("challenge", &challenge)).unwrap();
            assert_eq!(code(table.give(&sasl("success", proof))), ErrorCode::ServerNotAuthenticated);
        } else {
            // Not even a challenge.
            assert_eq!(code(table.give(&sasl("success", b""))), ErrorCode::ServerNotAuthenticated);
        }
    }
    // A nonce that does not continue ours: somebody replays another login.
    let mut table = Table::new(None);
    table.secured();
    table.give(&features(SCRAM)).unwrap();
    let replayed = sasl("challenge", b"r=another,s=QUFB,i=4096");
    assert_eq!(code(table.give(&replayed)), ErrorCode::ServerNotAuthenticated);
}

#[test]
fn the_proof_may_come_in_a_challenge_of_its_own() {
    let mut table = Table::new(None);
    table.secured();
    let auth = sent(table.give(&features(SCRAM)));
    let (server, _, challenge) = ScramServer::start(&data(&auth));
    let response = sent(table.give(&sasl("challenge", &challenge)));
    let proof = server.finish(&data(&response), PASSWORD, b"n,,").unwrap();
    assert!(data(&sent(table.give(&sasl("challenge", &proof)))).is_empty());
    assert_eq!(table.give(&sasl("success", b"")).unwrap(), [open(true)]);
}

#[test]
fn a_stripped_scram_does_not_lead_to_plain() {
    let plain =
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>";
    let mut table = Table::new(None);
    table.secured();
    assert_eq!(code(table.give(&features(plain))), ErrorCode::NoAcceptableLogin);
    let mut table = Table::with(None, true);
    table.secured();
    assert_eq!(sent(table.give(&features(plain))).attr("mechanism"), Some("PLAIN"));
    assert_eq!(table.give(&sasl("success", b"")).unwrap(), [open(true)]);
}

#[test]
fn refusals_say_whether_trying_again_makes_sense() {
    for (condition, expected) in [
        ("not-authorized", ErrorCode::AuthenticationFailed),
        ("account-disabled", ErrorCode::AuthenticationFailed),
        ("something-new", ErrorCode::AuthenticationFailed),
        ("temporary-auth-failure", ErrorCode::SessionEnded),
        ("mechanism-too-weak", ErrorCode::NoAcceptableLogin),
    ] {
        let mut table = Table::new(None);
        table.secured();
        table.give(&features(SCRAM)).unwrap();
        let failure = format!(
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{condition}/><text>no</text></failure>"
        );
        assert_eq!(code(table.give(&parse(&failure))), expected, "{condition}");
    }
    for (condition, expected) in [
        ("conflict", ErrorCode::SessionReplaced),
        ("host-unknown", ErrorCode::HostUnknown),
        ("system-shutdown", ErrorCode::SessionEnded),
        ("something-new", ErrorCode::SessionEnded),
    ] {
        let mut table = Table::new(None);
        table.secured();
        let error = format!(
            "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
        );
        assert_eq!(code(table.give(&parse(&error))), expected, "{condition}");
    }
}

#[test]
fn elements_in_the_wrong_place_end_the_attempt() {
    let garbage = [
        "<message><body>hello</body></message>",
        "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        "<resumed xmlns='urn:xmpp:sm:3' previd='old' h='0'/>",
        "<iq type='result' id='other'/>",
        "<iq type='result' id='bind'/>",
        "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>eve@example.org/x</jid></bind></iq>",
        "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>ana@example.org</jid></bind></iq>",
        "<unknown xmlns='x'/>",
    ];
    for element in garbage {
        // In place of the features, of the answer to SASL, of the answer to bind.
        let mut table = Table::new(None);
        table.secured();
        assert_eq!(code(table.give(&parse(element))), ErrorCode::ProtocolViolation, "{element}");

        let mut table = Table::new(None);
        table.secured();
        table.give(&features(SCRAM)).unwrap();
        assert!(table.give(&parse(element)).is_err(), "{element}");

        let mut table = Table::logged_in(None);
        table.give(&features(BIND_SM)).unwrap();
        assert_eq!(code(table.give(&parse(element))), ErrorCode::ProtocolViolation, "{element}");
    }
    let mut table = Table::logged_in(None);
    table.give(&features(BIND_SM)).unwrap();
    let refused = parse(
        "<iq type='error' id='bind'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );
    assert_eq!(code(table.give(&refused)), ErrorCode::SessionEnded);
}
