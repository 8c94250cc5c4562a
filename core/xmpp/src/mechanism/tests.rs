//! Offers, and what is chosen from them: from honest servers, and from those between us and them.

use super::*;

const SASL2_TYPES: &[&str] = &["tls-exporter", "tls-server-end-point"];
const PLUS: &[&str] = &["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"];

struct Case {
    mechanisms: Vec<String>,
    bindings: Option<Vec<String>>,
    protocol: Protocol,
}

impl Case {
    fn new(protocol: Protocol, mechanisms: &[&str], bindings: Option<&[&str]>) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self { mechanisms: owned(mechanisms), bindings: bindings.map(owned), protocol }
    }

    fn offer(&self) -> Offer<'_> {
        Offer { protocol: self.protocol, mechanisms: &self.mechanisms, bindings: self.bindings.as_deref() }
    }
}

fn channel(types: &str) -> ChannelBindings {
    ChannelBindings {
        by_web: types.contains('w'),
        exporter: types.contains('x').then(|| vec![7; 32]),
        end_point: types.contains('e').then(|| vec![8; 32]),
    }
}

fn credentials(password: &str) -> Credentials<'_> {
    Credentials { name: "ana", password }
}

/// The mechanism and the GS2 header.
fn chosen(
    case: &Case,
    types: &str,
    strongest: Option<Strength>,
) -> Result<(String, String, Option<&'static str>), SessionError> {
    let channel = channel(types);
    let choice = Choice::of(&case.offer(), &channel, true, strongest)?;
    let (_, first) = Authentication::start(choice, &credentials("secret"), &channel)?;
    let first = String::from_utf8(first).unwrap();
    let header = first.split("n=").next().unwrap().to_owned();
    Ok((choice.name().to_owned(), header, choice.unproven))
}

fn strength(binding: BindingType, hash: Hash) -> Strength {
    Strength { binding, hash: Some(hash) }
}

#[test]
fn the_best_of_an_honest_offer_is_chosen() {
    use Protocol::{Sasl, Sasl2};
    type Row<'a> = (Protocol, &'a [&'a str], Option<&'a [&'a str]>, &'a str, &'a str, &'a str);
    let all = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"];
    let table: &[Row] = &[
        (Sasl, &all, None, "", "SCRAM-SHA-512", "n,,"),
        (Sasl, &all, None, "xe", "SCRAM-SHA-512", "y,,"),
        (Sasl2, &all, None, "xe", "SCRAM-SHA-512", "y,,"),
        // Behind a web server nothing can be known, unless it does offer to bind.
        (Sasl, &all, None, "xew", "SCRAM-SHA-512", "n,,"),
        (Sasl2, PLUS, Some(SASL2_TYPES), "xew", "SCRAM-SHA-256-PLUS", "p=tls-exporter,,"),
        (Sasl, PLUS, None, "xe", "SCRAM-SHA-256-PLUS", "p=tls-exporter,,"),
        (Sasl, PLUS, Some(&["tls-exporter", "tls-unique"]), "xe", "SCRAM-SHA-256-PLUS", "p=tls-exporter,,"),
        (Sasl2, PLUS, Some(SASL2_TYPES), "xe", "SCRAM-SHA-256-PLUS", "p=tls-exporter,,"),
        // TLS 1.2: no exporter.
        (Sasl2, PLUS, Some(SASL2_TYPES), "e", "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"),
        (Sasl, PLUS, Some(&["tls-server-end-point"]), "xe", "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"),
        // It binds, but not in a way that we can: "y" would be taken for an attack.
        (Sasl2, PLUS, Some(&["tls-server-end-point"]), "x", "SCRAM-SHA-256", "n,,"),
        (Sasl, PLUS, None, "e", "SCRAM-SHA-256", "n,,"),
        (Sasl, PLUS, None, "", "SCRAM-SHA-256", "n,,"),
        (Sasl, &["SCRAM-SHA-1", "PLAIN"], None, "", "SCRAM-SHA-1", "n,,"),
        (Sasl, &["SCRAM-SHA-1-PLUS", "SCRAM-SHA-512"], None, "x", "SCRAM-SHA-1-PLUS", "p=tls-exporter,,"),
    ];
    for (protocol, mechanisms, bindings, types, name, header) in table {
        let case = Case::new(*protocol, mechanisms, *bindings);
        let expected = ((*name).to_owned(), (*header).to_owned(), None);
        assert_eq!(chosen(&case, types, None).unwrap(), expected, "{protocol:?} {mechanisms:?} {types}");
    }
}

#[test]
fn plain_is_for_those_who_asked_for_it_and_never_beside_scram() {
    let plain = Case::new(Protocol::Sasl, &["PLAIN"], None);
    let of = |case: &Case, allow| Choice::of(&case.offer(), &channel("xe"), allow, None);
    assert_eq!(of(&plain, false).err(), Some(SessionError::NoMechanism));
    assert_eq!(of(&plain, true).unwrap().name(), "PLAIN");
    let future = Case::new(Protocol::Sasl, &["PLAIN", "SCRAM-SHA3-512"], None);
    assert_eq!(of(&future, true).err(), Some(SessionError::NoMechanism));
    let old = Case::new(Protocol::Sasl, &["DIGEST-MD5"], None);
    assert_eq!(of(&old, true).err(), Some(SessionError::NoMechanism));
}

#[test]
fn attack_scram_is_taken_out_so_that_the_readable_password_is_left() {
    for (mechanisms, why) in
        [(&["PLAIN"][..], "only the readable password is left"), (&["DIGEST-MD5"], "SCRAM is gone")]
    {
        let case = Case::new(Protocol::Sasl, mechanisms, None);
        let before = Some(strength(BindingType::None, Hash::Sha1));
        assert_eq!(chosen(&case, "xe", before), Err(SessionError::Downgraded(why)));
    }
}

#[test]
fn attack_channel_binding_is_taken_out() {
    let before = Some(strength(BindingType::Exporter, Hash::Sha256));
    // Whole: refused unless the server proves that this is its offer.
    let case = Case::new(Protocol::Sasl2, &["SCRAM-SHA-256"], None);
    let (_, header, unproven) = chosen(&case, "xe", before).unwrap();
    assert_eq!(header, "y,,", "and if it reaches the server, the server sees it");
    assert!(unproven.is_some());
    // Down to the certificate alone, whose key the attacker may have.
    let case = Case::new(Protocol::Sasl2, PLUS, Some(&["tls-server-end-point"]));
    assert!(chosen(&case, "xe", before).unwrap().2.is_some());
}

#[test]
fn attack_only_the_types_or_only_the_mechanisms_are_taken_out() {
    for (mechanisms, bindings) in
        [(PLUS, None), (PLUS, Some(&[][..])), (&["SCRAM-SHA-256"][..], Some(SASL2_TYPES))]
    {
        let case = Case::new(Protocol::Sasl2, mechanisms, bindings);
        assert!(matches!(chosen(&case, "xe", None), Err(SessionError::Downgraded(_))), "{mechanisms:?}");
    }
}

#[test]
fn attack_the_types_are_replaced_by_one_that_nobody_can() {
    for protocol in [Protocol::Sasl, Protocol::Sasl2] {
        let case = Case::new(protocol, PLUS, Some(&["tls-imaginary"]));
        let (_, header, unproven) = chosen(&case, "xe", None).unwrap();
        assert_eq!(header, "n,,");
        assert!(unproven.is_some(), "also on the first connection");
    }
}

#[test]
fn attack_the_longer_hash_is_taken_out() {
    let case = Case::new(Protocol::Sasl2, &["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"], Some(SASL2_TYPES));
    let before = Some(strength(BindingType::Exporter, Hash::Sha256));
    assert!(chosen(&case, "xe", before).unwrap().2.is_some());
    assert!(chosen(&case, "xe", Some(strength(BindingType::Exporter, Hash::Sha1))).unwrap().2.is_none());
}

/// A login up to its answer to a challenge with `attributes` added.
fn challenged(case: &Case, before: Option<Strength>, attributes: &str) -> Result<(), SessionError> {
    let channel = channel("xe");
    let choice = Choice::of(&case.offer(), &channel, false, before)?;
    let (mut login, first) = Authentication::start(choice, &credentials("secret"), &channel)?;
    let first = String::from_utf8(first).unwrap();
    let nonce = first.rsplit_once("r=").unwrap().1;
    let challenge = format!("r={nonce}server,s=QUFB,i=1{attributes}");
    login.challenge(challenge.as_bytes(), &case.offer()).map(|_| ())
}

#[test]
fn attack_an_altered_offer_is_found_by_the_servers_hash_on_the_first_connection() {
    // The example of XEP-0474 §5.3.
    let case = Case::new(Protocol::Sasl2, &["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"], Some(SASL2_TYPES));
    assert_eq!(challenged(&case, None, ",h=G6k/rBLDqgOhRRaCuuatSDFkJ08="), Ok(()));
    let altered = Case::new(Protocol::Sasl2, &["SCRAM-SHA-1"], None);
    assert!(matches!(
        challenged(&altered, None, ",h=G6k/rBLDqgOhRRaCuuatSDFkJ08="),
        Err(SessionError::Downgraded(_))
    ));
    assert_eq!(challenged(&altered, None, ""), Ok(()), "a server without XEP-0474");
}

#[test]
fn a_server_that_proves_its_lesser_offer_is_followed() {
    let case = Case::new(Protocol::Sasl2, &["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"], Some(SASL2_TYPES));
    let before = Some(strength(BindingType::Exporter, Hash::Sha512));
    assert_eq!(challenged(&case, before, ",h=G6k/rBLDqgOhRRaCuuatSDFkJ08="), Ok(()));
    assert!(matches!(challenged(&case, before, ""), Err(SessionError::Downgraded(_))));
}

#[test]
fn passwords_are_prepared() {
    let case = Case::new(Protocol::Sasl, &["SCRAM-SHA-1"], None);
    let channel = channel("");
    let choice = Choice::of(&case.offer(), &channel, false, None).unwrap();
    let refused = Authentication::start(choice, &credentials("\u{0007}"), &channel);
    assert_eq!(refused.err(), Some(SessionError::UnusablePassword));
}
