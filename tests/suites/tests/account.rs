//! What a person decides about an account, on a real server: to believe a key for which no authority vouches, and to sign in
//! with another password.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::path::Path;

use heliograph_client::{
    AccountConfig, CertificateProblem, Client, Connection, ConnectionState, DatabaseKey, ErrorCode, Pin,
    ServerOverride, StoreLocation, TlsMode,
};
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Options, Server, ServerTree, workspace};
use tempfile::TempDir;
use tokio::time::timeout;

async fn server() -> (Server, TempDir) {
    let suites = workspace::target().join("suites");
    std::fs::create_dir_all(&suites).unwrap();
    let folder = TempDir::new_in(suites).unwrap();
    let tree = ServerTree::under_test().unwrap();
    let server = Server::start(&tree, &folder.path().join("server"), Options::with_accounts(&["ana"])).await;
    (server.unwrap(), folder)
}

/// Somebody who has never heard of the server's authority.
fn stranger(server: &Server, tls: TlsMode) -> AccountConfig {
    let account = &server.accounts()[0];
    let address = server.address_of(&account.name).parse().unwrap();
    let mut config = AccountConfig::new(address, account.password.clone());
    let place = match tls {
        TlsMode::Direct => server.direct_tls_address(),
        TlsMode::StartTls => server.starttls_address(),
    };
    config.server = Some(ServerOverride { host: place.ip().to_string(), port: place.port(), tls });
    config
}

fn place(folder: &Path, name: &str) -> StoreLocation {
    StoreLocation::new(folder.join(name), DatabaseKey::new([7; 32]))
}

/// The connection, as soon as it is what is looked for.
async fn until(client: &Client, what: &str, is: impl Fn(&Connection) -> bool) -> Connection {
    let watch = async {
        let mut changes = client.connection_changes();
        let mut connection = client.connection();
        while !is(&connection) {
            connection = changes.next().await.unwrap();
        }
        connection
    };
    timeout(NETWORK, watch).await.unwrap_or_else(|_| panic!("{what}, but {:?}", client.connection()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_for_which_no_authority_vouches_is_looked_at_and_then_believed_by_its_key() {
    let (server, folder) = server().await;
    for (name, tls) in [("direct.db", TlsMode::Direct), ("starttls.db", TlsMode::StartTls)] {
        let mut config = stranger(&server, tls);
        let password = std::mem::take(&mut config.password);
        let seen = timeout(NETWORK, Client::inspect_server(&config)).await.unwrap().unwrap();
        assert_eq!(seen.problem, Some(CertificateProblem::UnknownIssuer));
        assert_eq!(seen.key.to_string(), server.pin());
        config.password = password;

        let refused = Client::add_account(&place(folder.path(), name), config.clone()).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::CertificateRejected);
        // Of somebody in the middle, who has another key.
        config.trusted_key = Some("d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=".parse::<Pin>().unwrap());
        let refused = Client::add_account(&place(folder.path(), name), config.clone()).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::CertificateRejected);

        config.trusted_key = Some(seen.key);
        Client::add_account(&place(folder.path(), name), config.clone()).await.unwrap();
        // The word for it is kept with the account.
        let client = Client::open(place(folder.path(), name)).unwrap();
        client.start();
        until(&client, "online", |connection| connection.state == ConnectionState::Online).await;
        client.shutdown().await.unwrap();
    }
    assert_eq!(server.refused_logins(), 0, "nothing was said to a server that was not believed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_is_kept_and_tried_at_once() {
    let (server, folder) = server().await;
    let mut config = stranger(&server, TlsMode::Direct);
    config.extra_ca_pem = Some(server.authority_pem());
    let here = place(folder.path(), "ana.db");
    Client::add_account(&here, config).await.unwrap();
    let client = Client::open(here.clone()).unwrap();
    client.start();
    until(&client, "online", |connection| connection.state == ConnectionState::Online).await;

    let changed =
        heliograph_lab::Account { password: "another horse".to_owned(), ..server.accounts()[0].clone() };
    server.change_password(&changed).await.unwrap();
    client.set_password("not this one either").await.unwrap();
    // Not the token that the server gave for the old one: whether the new one is right shows in the next session.
    client.suspend().await.unwrap();
    client.resume().await.unwrap();
    client.start();
    let connection =
        until(&client, "refused", |connection| connection.state == ConnectionState::Stopped).await;
    assert_eq!(connection.error.unwrap().code, ErrorCode::AuthenticationFailed);
    assert_eq!(client.next_catch_up().await.unwrap(), None, "waking up would not help");

    client.set_password("another horse").await.unwrap();
    until(&client, "online", |connection| connection.caught_up).await;
    client.shutdown().await.unwrap();

    let client = Client::open(here).unwrap();
    client.start();
    until(&client, "online", |connection| connection.caught_up).await;
    let empty = client.set_password("").await.unwrap_err();
    assert_eq!(empty.code, ErrorCode::InvalidArgument);
    client.suspend().await.unwrap();
    assert!(client.next_catch_up().await.unwrap().is_some(), "nobody would call it");
    client.shutdown().await.unwrap();
}
