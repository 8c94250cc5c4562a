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

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use heliograph_lab::server::{EJABBERD, PROSODY_012, PROSODY_13, PasswordHash};
use heliograph_lab::{LabError, Options, Server, ServerTree, Software, plaintext, workspace};
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

/// What a server must hide for a client to see nothing better than PLAIN.
const HIDDEN: [&str; 6] = [
    "SCRAM-SHA-1",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-512",
    "SCRAM-SHA-512-PLUS",
];

/// The ports that the lab gives to servers.
#[cfg(target_os = "linux")]
const LAB_PORTS: std::ops::RangeInclusive<u16> =
    heliograph_lab::policy::FIRST_PORT..=heliograph_lab::policy::LAST_PORT;

/// Everything that listens on this machine (proc_net_tcp(5)); in IPv6 only whether it is loopback matters here.
#[cfg(target_os = "linux")]
fn listening() -> Vec<SocketAddr> {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    const LISTEN: &str = "0A";
    let mut found = Vec::new();
    for file in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in std::fs::read_to_string(file).unwrap_or_default().lines().skip(1) {
            let mut fields = line.split_whitespace();
            let (address, port) = fields.nth(1).unwrap().split_once(':').unwrap();
            if fields.nth(1) != Some(LISTEN) {
                continue;
            }
            let ip = match u32::from_str_radix(address, 16) {
                Ok(number) => IpAddr::V4(Ipv4Addr::from(number.to_le_bytes())),
                Err(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            };
            found.push(SocketAddr::new(ip, u16::from_str_radix(port, 16).unwrap()));
        }
    }
    found
}

fn folder() -> TempDir {
    let runs = workspace::target().join("lab");
    std::fs::create_dir_all(&runs).unwrap();
    tempfile::Builder::new().prefix("server-test-").tempdir_in(runs).unwrap()
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

async fn features_in_the_clear(server: &Server) -> String {
    features(TcpStream::connect(server.starttls_address()).await.unwrap(), server.domain()).await
}

async fn features_over_tls(server: &Server) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.authority_pem().as_bytes()).unwrap()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(server.direct_tls_address()).await.unwrap();
    let name = ServerName::try_from(server.domain().to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
    features(stream, server.domain()).await
}

/// Whether the server stored something under a name: in a file, or in a file of that name.
fn has_stored(server: &Server, name: &str) -> bool {
    let files = server.archive_files().unwrap();
    files.iter().any(|file| file.file_stem().is_some_and(|stem| stem == name))
        || !plaintext::search(&files, &[name]).unwrap().is_empty()
}

async fn lives_and_dies(name: &str, sasl2: bool) {
    let folder = folder();
    let tree = ServerTree::unpacked(name).unwrap();
    let options = Options::with_accounts(&["ana", "ben"]);
    let mut server = Server::start(&tree, folder.path(), options).await.unwrap();
    let addresses: [SocketAddr; 2] = [server.starttls_address(), server.direct_tls_address()];
    assert!(addresses.iter().all(|address| address.ip().is_loopback()));

    assert!(features_in_the_clear(&server).await.contains("urn:ietf:params:xml:ns:xmpp-tls"));
    let secure = features_over_tls(&server).await;
    assert!(secure.contains("SCRAM-SHA-"), "{secure}");
    assert_eq!(secure.contains("urn:xmpp:sasl:2"), sasl2, "{secure}");

    server.kill().await.unwrap();
    assert!(!server.is_running());
    assert!(TcpStream::connect(addresses[0]).await.is_err(), "somebody still listens");

    server.restart().await.unwrap();
    assert_eq!([server.starttls_address(), server.direct_tls_address()], addresses);
    features_over_tls(&server).await;
    assert!(has_stored(&server, "ana") && has_stored(&server, "ben"), "the accounts are gone");

    server.stop().await.unwrap();
    let last_words = match server.software() {
        Software::Prosody => "Shutting down",
        Software::Ejabberd => "is stopped in the node",
    };
    assert!(server.log().contains(last_words), "it did not end in good order: {}", server.log());
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
async fn ejabberd_lives_and_dies() {
    lives_and_dies(EJABBERD, true).await;
}

/// How an operator would find out, beside the log: nothing listens but what was asked for.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn ejabberd_listens_on_loopback_and_on_two_ports_only() {
    let folder = folder();
    let tree = ServerTree::unpacked(EJABBERD).unwrap();
    let before = listening();
    let server = Server::start(&tree, folder.path(), Options::with_accounts(&["ana"])).await.unwrap();
    let own: Vec<SocketAddr> = vec![server.starttls_address(), server.direct_tls_address()];
    // Other tests start servers meanwhile, on ports of the lab's own range.
    let strange: Vec<SocketAddr> = listening()
        .into_iter()
        .filter(|address| !before.contains(address) && !own.contains(address))
        .filter(|address| !(address.ip().is_loopback() && LAB_PORTS.contains(&address.port())))
        .collect();
    assert_eq!(strange, [], "epmd or a distribution port?");
}

#[tokio::test]
async fn a_server_can_lack_what_a_test_wants_it_to_lack() {
    for name in [PROSODY_13, EJABBERD] {
        let folder = folder();
        let options = Options {
            rooms: false,
            archive: false,
            publishing: false,
            hidden_mechanisms: HIDDEN.map(String::from).to_vec(),
            password_hash: PasswordHash::Sha256,
            ..Options::with_accounts(&["ana"])
        };
        let tree = ServerTree::unpacked(name).unwrap();
        let server = Server::start(&tree, folder.path(), options).await.unwrap();
        let secure = features_over_tls(&server).await;
        assert!(secure.contains("PLAIN") && !secure.contains("SCRAM"), "{name}: {secure}");
    }
}

#[tokio::test]
async fn a_server_can_lack_encryption() {
    for name in [PROSODY_13, EJABBERD] {
        let folder = folder();
        let options = Options { encryption: false, ..Options::with_accounts(&["ana"]) };
        let tree = ServerTree::unpacked(name).unwrap();
        let server = Server::start(&tree, folder.path(), options).await.unwrap();
        let clear = features_in_the_clear(&server).await;
        assert!(!clear.contains("xmpp-tls"), "{name}: {clear}");
    }
}

#[tokio::test]
async fn servers_stand_side_by_side_and_do_not_share_anything() {
    let names = ["yolanda", "zacharias", "xenophon"];
    let trees = [PROSODY_13, EJABBERD, EJABBERD].map(|name| ServerTree::unpacked(name).unwrap());
    let folders = [folder(), folder(), folder()];
    let start = |which: usize| {
        Server::start(&trees[which], folders[which].path(), Options::with_accounts(&[names[which]]))
    };
    let (first, second, third) = tokio::try_join!(start(0), start(1), start(2)).unwrap();
    for (index, server) in [first, second, third].iter().enumerate() {
        for (other, name) in names.into_iter().enumerate() {
            assert_eq!(has_stored(server, name), index == other, "{name} on server {index}");
        }
    }
}

#[tokio::test]
async fn a_running_ejabberd_takes_accounts_and_a_stopped_one_says_why_not() {
    let folder = folder();
    let tree = ServerTree::unpacked(EJABBERD).unwrap();
    let mut server = Server::start(&tree, folder.path(), Options::with_accounts(&["ana"])).await.unwrap();
    let mut account = server.accounts()[0].clone();
    account.password = "another one, with spaces".into();
    server.change_password(&account).await.unwrap();
    account.name = "no account@all".into();
    assert!(matches!(server.register(&account).await, Err(LabError::Control { .. })));
    server.stop().await.unwrap();
    let refused = server.register(&account).await.unwrap_err().to_string();
    assert!(refused.contains("only while it runs"), "{refused}");
}

#[test]
fn a_missing_server_says_how_to_get_it() {
    let Err(LabError::ServerMissing { advice, .. }) = ServerTree::unpacked("no-such-server") else {
        panic!("found a server that does not exist")
    };
    assert!(advice.contains("cargo xtask setup"));
}
