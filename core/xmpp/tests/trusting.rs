//! Servers for which no authority vouches: looking at them, believing a key that the user has confirmed, and nobody else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

use heliograph_model::stanza::SessionEvent;
use heliograph_model::{Error, ErrorCode};
use heliograph_xmpp::session::{
    CertificateProblem, Pin, ServerCertificate, Session, SessionConfig, SessionOutput, TlsMode, Trust,
    inspect,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};
use scripted::{BIND, SCRAM, START_TLS, Server, patiently};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::ALL_VERSIONS;

const BOTH: [TlsMode; 2] = [TlsMode::Direct, TlsMode::StartTls];

/// A certificate that vouches for itself, as an operator makes one for a camp.
fn self_signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Camp\nserver");
    change(&mut params);
    (params.self_signed(&key).unwrap(), key)
}

async fn camp_server() -> Server {
    let (certificate, key) = self_signed("example.org", |_| {});
    Server::showing(&certificate, &key, ALL_VERSIONS).await
}

/// An ordinary account, which believes the public authorities.
fn stranger(server: &Server, tls: TlsMode) -> SessionConfig {
    let mut config = server.config(tls);
    config.trust = Trust::Public;
    config
}

/// What the user sees before deciding; the server hears nothing that it need not hear.
async fn looked_at(
    server: &Server,
    config: &SessionConfig,
    tls: TlsMode,
) -> Result<ServerCertificate, Error> {
    let script = async {
        let mut peer = server.accept().await;
        if tls == TlsMode::StartTls {
            // Checks that no account is named in the clear.
            peer.open(START_TLS).await;
            peer.expect("starttls", "urn:ietf:params:xml:ns:xmpp-tls").await;
            peer.say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
        }
        if peer.secure().await.is_ok() {
            peer.nothing_else().await;
        }
    };
    tokio::join!(patiently(inspect(config)), script).0
}

/// Why a session of `config` ends that gets no further than TLS.
async fn refused(server: &Server, config: &SessionConfig) -> Error {
    let (_handle, mut outputs) = Session::start(config.clone(), None);
    let mut peer = server.accept().await;
    if peer.secure().await.is_ok() {
        // Under TLS 1.3 a server is through before its certificate is looked at.
        peer.nothing_else().await;
    }
    loop {
        match patiently(outputs.recv()).await.expect("a last word") {
            SessionOutput::Ended { error, .. } => return error.expect("a reason"),
            SessionOutput::Event(event) => panic!("{event:?}"),
            _ => {}
        }
    }
}

async fn comes_online(server: &Server, config: &SessionConfig, tls: TlsMode) {
    let (_handle, mut outputs) = Session::start(config.clone(), None);
    let mut peer = server.accept().await;
    match tls {
        TlsMode::Direct => peer.secure().await.unwrap(),
        TlsMode::StartTls => peer.start_tls().await,
    }
    peer.open(SCRAM).await;
    peer.login().await;
    peer.open(BIND).await;
    peer.bind().await;
    peer.enable("one").await;
    loop {
        match patiently(outputs.recv()).await.expect("a last word") {
            SessionOutput::Event(SessionEvent::Online(_)) => return,
            SessionOutput::Ended { error, .. } => panic!("{error:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_server_is_looked_at_without_a_word_about_the_account() {
    for tls in BOTH {
        let server = camp_server().await;
        let certificate = looked_at(&server, &stranger(&server, tls), tls).await.unwrap();
        assert_eq!(certificate.problem, Some(CertificateProblem::UnknownIssuer));
        assert!(certificate.is_confirmable());
        let digest: [u8; 32] = Sha256::digest(&server.certificate).into();
        assert_eq!(certificate.fingerprint, digest);
        let text = certificate.fingerprint_text();
        assert!(
            text.starts_with(&format!("{:02X}:{:02X}:", digest[0], digest[1])) && text.len() == 95,
            "{text}"
        );
        assert_eq!(certificate.subject, certificate.issuer);
        assert!(
            certificate.subject.contains("Camp") && !certificate.subject.contains('\n'),
            "what a screen can show"
        );
        assert!(certificate.not_before < certificate.not_after);
        assert!(!format!("{certificate:?}").contains("Camp"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said() {
    let trusted = Server::new().await;
    let seen = looked_at(&trusted, &trusted.config(TlsMode::Direct), TlsMode::Direct).await.unwrap();
    assert_eq!((seen.problem, seen.is_confirmable()), (None, false));

    let elsewhere = Server::named("example.com").await;
    let seen = looked_at(&elsewhere, &elsewhere.config(TlsMode::Direct), TlsMode::Direct).await.unwrap();
    assert_eq!((seen.problem, seen.is_confirmable()), (Some(CertificateProblem::OtherName), false));

    let (certificate, key) =
        self_signed("example.org", |params| params.not_after = date_time_ymd(2020, 5, 1));
    let old = Server::showing(&certificate, &key, ALL_VERSIONS).await;
    let seen = looked_at(&old, &stranger(&old, TlsMode::Direct), TlsMode::Direct).await.unwrap();
    assert_eq!((seen.problem, seen.is_confirmable()), (Some(CertificateProblem::Expired), false));
    assert_eq!(seen.not_after.0, 1_588_291_200_000);

    let mut config = trusted.config(TlsMode::Direct);
    config.pins = vec![seen.key];
    let seen = looked_at(&trusted, &config, TlsMode::Direct).await.unwrap();
    assert_eq!((seen.problem, seen.is_confirmable()), (Some(CertificateProblem::OtherKey), false));
}

#[tokio::test]
async fn a_confirmed_key_is_believed_although_no_authority_vouches_for_it() {
    // What openssl makes without further words is at the same time an authority and a server's.
    let (as_authority, key) =
        self_signed("example.org", |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let servers =
        [camp_server().await, Server::showing(&as_authority, &key, ALL_VERSIONS).await, Server::new().await];
    for server in &servers {
        for tls in BOTH {
            let mut config = stranger(server, tls);
            let seen = looked_at(server, &config, tls).await.unwrap();
            config.trusted_key = Some(seen.key);
            comes_online(server, &config, tls).await;
            let seen = looked_at(server, &config, tls).await.unwrap();
            assert_eq!(seen.problem, None, "as a session sees it");
        }
    }
}

#[tokio::test]
async fn a_renewed_certificate_for_the_confirmed_key_is_believed() {
    let (first, key) = self_signed("example.org", |_| {});
    let before = Server::showing(&first, &key, ALL_VERSIONS).await;
    let mut config = stranger(&before, TlsMode::Direct);
    let seen = looked_at(&before, &config, TlsMode::Direct).await.unwrap();
    let renewed = CertificateParams::new(vec!["example.org".to_owned()]).unwrap().self_signed(&key).unwrap();
    let after = Server::showing(&renewed, &key, ALL_VERSIONS).await;
    config.trusted_key = Some(seen.key);
    config.server = after.config(TlsMode::Direct).server;
    comes_online(&after, &config, TlsMode::Direct).await;
}

#[tokio::test]
async fn a_man_in_the_middle_with_another_key_is_refused() {
    let camp = camp_server().await;
    let seen = looked_at(&camp, &stranger(&camp, TlsMode::Direct), TlsMode::Direct).await.unwrap();
    // The same names, made the same way: all that an attacker can copy.
    let attacker = camp_server().await;
    let mut config = stranger(&attacker, TlsMode::Direct);
    config.trusted_key = Some(seen.key);
    let error = refused(&attacker, &config).await;
    assert_eq!(error.code, ErrorCode::CertificateRejected);
    assert_eq!(error.detail, "the certificate was refused: its key is none of the expected ones");
    let shown = looked_at(&attacker, &config, TlsMode::Direct).await.unwrap();
    assert_eq!(shown.problem, Some(CertificateProblem::OtherKey));
}

#[tokio::test]
async fn a_man_in_the_middle_who_shows_the_confirmed_certificate_without_its_key_is_refused() {
    let (certificate, key) = self_signed("example.org", |_| {});
    let camp = Server::showing(&certificate, &key, ALL_VERSIONS).await;
    let mut config = stranger(&camp, TlsMode::Direct);
    let seen = looked_at(&camp, &config, TlsMode::Direct).await.unwrap();
    let copy = Server::showing(&certificate, &KeyPair::generate().unwrap(), ALL_VERSIONS).await;
    config.server = copy.config(TlsMode::Direct).server;
    config.trusted_key = Some(seen.key);
    assert_eq!(refused(&copy, &config).await.code, ErrorCode::CertificateRejected);
    // Nor is it reported as if it were the real one's.
    let looked = looked_at(&copy, &config, TlsMode::Direct).await;
    assert_eq!(looked.unwrap_err().code, ErrorCode::CertificateRejected);
}

#[tokio::test]
async fn a_confirmed_key_cures_neither_a_wrong_name_nor_a_certificate_that_is_over() {
    let other = self_signed("example.com", |_| {});
    let over = self_signed("example.org", |params| params.not_after = date_time_ymd(2020, 5, 1));
    let early = self_signed("example.org", |params| params.not_before = date_time_ymd(2090, 5, 1));
    for ((certificate, key), reason) in
        [(other, "it is for another name"), (over, "it has expired"), (early, "it is not valid yet")]
    {
        let server = Server::showing(&certificate, &key, ALL_VERSIONS).await;
        let mut config = stranger(&server, TlsMode::Direct);
        let seen = looked_at(&server, &config, TlsMode::Direct).await.unwrap();
        config.trusted_key = Some(seen.key);
        let error = refused(&server, &config).await;
        assert_eq!(error.code, ErrorCode::CertificateRejected);
        assert!(error.detail.contains(reason), "{} instead of {reason}", error.detail);
    }
}

#[tokio::test]
async fn a_confirmed_key_does_not_shut_out_a_certificate_that_an_authority_vouches_for() {
    let server = Server::new().await;
    let mut config = server.config(TlsMode::Direct);
    config.trusted_key = Some("d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=".parse::<Pin>().unwrap());
    comes_online(&server, &config, TlsMode::Direct).await;
}
