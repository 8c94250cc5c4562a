//! The servers of the lab start, die and come back, with everything they had.
//!
//! Needs the unpacked servers: `cargo xtask setup`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test is to end at the line that failed"
)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use heliograph_lab::prosody::{PROSODY_012, PROSODY_13, PasswordHash};
use heliograph_lab::{LabError, Options, Prosody, ProsodyTree, plaintext, workspace};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Bounds a failure.
const DEADLINE: Duration = Duration::from_secs(30);

fn folder() -> TempDir {
    let runs = workspace::target().join("lab");
    std::fs::create_dir_all(&runs).unwrap();
    tempfile::Builder::new().prefix("prosody-test-").tempdir_in(runs).unwrap()
}

/// The stream features (RFC 6120 §4.3.2) as text.
async fn features(mut stream: impl AsyncRead + AsyncWrite + Unpin, domain: &str) -> String {
    let header = format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' from='ana@{domain}' \
         to='{domain}' xmlns:stream='http://etherx.jabber.org/streams'>"
    );
    stream.write_all(header.as_bytes()).await.unwrap();
    let mut heard = String::new();
    let mut bytes = [0; 4096];
    while !heard.contains("</stream:features>") {
        let count = timeout(DEADLINE, stream.read(&mut bytes)).await.expect("stream features").unwrap();
        assert!(count > 0, "the server hung up after {heard}");
        heard += std::str::from_utf8(&bytes[..count]).unwrap();
    }
    heard
}

async fn features_in_the_clear(server: &Prosody) -> String {
    features(TcpStream::connect(server.starttls_address()).await.unwrap(), server.domain()).await
}

async fn features_over_tls(server: &Prosody) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.authority_pem().as_bytes()).unwrap()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(server.direct_tls_address()).await.unwrap();
    let name = ServerName::try_from(server.domain().to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
    features(stream, server.domain()).await
}

async fn lives_and_dies(name: &str, sasl2: bool) {
    let folder = folder();
    let tree = ProsodyTree::unpacked(name).unwrap();
    let options = Options::with_accounts(&["ana", "ben"]);
    let mut server = Prosody::start(&tree, folder.path(), options).await.unwrap();
    let addresses: [SocketAddr; 2] = [server.starttls_address(), server.direct_tls_address()];
    assert!(addresses.iter().all(|address| address.ip().is_loopback()));

    assert!(features_in_the_clear(&server).await.contains("urn:ietf:params:xml:ns:xmpp-tls"));
    let secure = features_over_tls(&server).await;
    assert!(secure.contains("SCRAM-SHA-1"), "{secure}");
    assert_eq!(secure.contains("urn:xmpp:sasl:2"), sasl2, "{secure}");

    server.kill().await.unwrap();
    assert!(!server.is_running());
    assert!(TcpStream::connect(addresses[0]).await.is_err(), "somebody still listens");

    server.restart().await.unwrap();
    assert_eq!([server.starttls_address(), server.direct_tls_address()], addresses);
    features_over_tls(&server).await;
    let names: BTreeSet<String> = server
        .archive_files()
        .unwrap()
        .iter()
        .filter(|file| file.parent().is_some_and(|folder| folder.ends_with("accounts")))
        .filter_map(|file| file.file_stem()?.to_str().map(str::to_owned))
        .collect();
    assert_eq!(names, ["ana", "ben"].map(str::to_owned).into());

    server.stop().await.unwrap();
    assert!(server.log().contains("Shutting down"), "it did not end in good order: {}", server.log());
    // What proves that passwords aren't kept: the search that finds nothing does find a user's name.
    let files = server.archive_files().unwrap();
    assert_eq!(plaintext::search(&files, &["ana-loves-lighthouses"]).unwrap(), []);
    assert_ne!(plaintext::search(&server.all_files().unwrap(), &["lab.test"]).unwrap(), []);
}

#[tokio::test]
async fn prosody_13_lives_and_dies() {
    lives_and_dies(PROSODY_13, true).await;
}

#[tokio::test]
async fn prosody_012_lives_and_dies() {
    lives_and_dies(PROSODY_012, false).await;
}

#[tokio::test]
async fn a_server_can_lack_what_a_test_wants_it_to_lack() {
    let folder = folder();
    let options = Options {
        rooms: false,
        archive: false,
        publishing: false,
        hidden_mechanisms: vec!["SCRAM-SHA-256".into(), "SCRAM-SHA-256-PLUS".into()],
        password_hash: PasswordHash::Sha256,
        ..Options::with_accounts(&["ana"])
    };
    let tree = ProsodyTree::unpacked(PROSODY_13).unwrap();
    let server = Prosody::start(&tree, folder.path(), options).await.unwrap();
    let secure = features_over_tls(&server).await;
    assert!(secure.contains("PLAIN") && !secure.contains("SCRAM"), "{secure}");
}

#[tokio::test]
async fn a_server_can_lack_encryption() {
    let folder = folder();
    let options = Options { encryption: false, ..Options::with_accounts(&["ana"]) };
    let tree = ProsodyTree::unpacked(PROSODY_13).unwrap();
    let server = Prosody::start(&tree, folder.path(), options).await.unwrap();
    let clear = features_in_the_clear(&server).await;
    assert!(!clear.contains("xmpp-tls"), "{clear}");
}

#[tokio::test]
async fn two_servers_do_not_share_anything() {
    let tree = ProsodyTree::unpacked(PROSODY_13).unwrap();
    let (first, second) = (folder(), folder());
    let a = Prosody::start(&tree, first.path(), Options::with_accounts(&["ana"])).await.unwrap();
    let b = Prosody::start(&tree, second.path(), Options::default()).await.unwrap();
    assert_ne!(a.starttls_address(), b.starttls_address());
    assert_eq!(plaintext::search(&b.archive_files().unwrap(), &["stored_key"]).unwrap(), []);
    assert_ne!(plaintext::search(&a.archive_files().unwrap(), &["stored_key"]).unwrap(), []);
}

#[test]
fn a_missing_server_says_how_to_get_it() {
    let Err(LabError::ServerMissing { advice, .. }) = ProsodyTree::unpacked("no-such-server") else {
        panic!("found a server that does not exist")
    };
    assert!(advice.contains("cargo xtask setup"));
}
