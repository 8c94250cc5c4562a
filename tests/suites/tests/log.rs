//! What the log that an app exports for support must not hold: a whole life of an account at the finest level, with names,
//! texts and secrets that can be told from everything else, on a real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use heliograph_client::TlsMode;
use heliograph_ffi::{
    AccountConfig, HeliographClient, LogLevel, PushOption, PushTarget, ServerOverride, add_account,
    export_log, inspect_server, start_logging,
};
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Options, Server, ServerTree, workspace};
use heliograph_store::{DatabaseKey, Store, account, setting, stream};
use tempfile::TempDir;
use tokio::time::timeout;

const DOMAIN: &str = "obsidian-mirror.test";
/// Two with Heliograph, and one who has an account and no keys.
const PEOPLE: [&str; 3] = ["quetzalcoatl", "xochiquetzal", "tlalocayotl"];
const GROUP: &str = "Zephyrine Kestrels";
const NICK: &str = "Kukulkan";
const ROOM: &str = "marimba-hall";
const NETWORK_NAME: &str = "casa-de-la-jacaranda";
const NODE: &str = "node-of-the-hummingbird";
const PUSH_SECRET: &str = "ahuehuete-push-secret";
const WRONG_PASSWORD: &str = "not-the-chinampa-password";
const TEXTS: [&str; 4] = [
    "the axolotl sleeps under the bridge",
    "the ocelot has crossed it",
    "a plain word to the cempasuchil",
    "and one to the teponaztli room",
];
const SEARCHED: &str = "axolotl";

struct Phone {
    client: Arc<HeliographClient>,
    path: PathBuf,
    key: [u8; 32],
}

fn configuration(server: &Server, name: &str, tls: TlsMode) -> AccountConfig {
    let account = server.accounts().iter().find(|account| account.name == name).unwrap();
    let place = match tls {
        TlsMode::Direct => server.direct_tls_address(),
        TlsMode::StartTls => server.starttls_address(),
    };
    AccountConfig {
        address: server.address_of(name),
        password: account.password.clone(),
        server: Some(ServerOverride { host: place.ip().to_string(), port: place.port(), tls }),
        extra_ca_pem: Some(server.authority_pem()),
        allow_plain: false,
        pins: Vec::new(),
        trusted_key: None,
        web_socket: None,
    }
}

impl Phone {
    async fn new(server: &Server, folder: &Path, name: &str, key: [u8; 32], tls: TlsMode) -> Self {
        let path = folder.join(format!("{name}.db"));
        let place = path.to_str().unwrap().to_owned();
        add_account(place.clone(), key.to_vec(), configuration(server, name, tls), None).await.unwrap();
        let client = HeliographClient::open(place, key.to_vec()).await.unwrap();
        client.app_state_changed(true).unwrap();
        client.start().unwrap();
        let phone = Self { client, path, key };
        phone.caught_up().await;
        phone
    }

    async fn caught_up(&self) {
        let changes = self.client.connection_changes().unwrap();
        let watch = async {
            while !self.client.connection().unwrap().caught_up {
                changes.next(None).await.unwrap();
            }
        };
        timeout(NETWORK, watch).await.expect("to catch up");
    }

    /// The conversation that has this name or address, once it can be used.
    async fn active(&self, name: &str) -> i64 {
        let feed = self.client.conversations().await.unwrap();
        let mut conversations = feed.snapshot().await.unwrap();
        let watch = async {
            loop {
                let found = conversations.iter().find(|one| {
                    (one.name.as_deref() == Some(name) || one.address == name)
                        && format!("{:?}", one.state) == "Active"
                });
                if let Some(found) = found {
                    return found.id.0;
                }
                conversations = feed.next(16).await.unwrap();
            }
        };
        timeout(NETWORK, watch).await.expect("the conversation")
    }

    /// Waits until the text is on the timeline, in a state in which nothing more will happen to it here.
    async fn shows(&self, conversation: i64, text: &str) {
        let timeline = self.client.timeline(conversation).await.unwrap();
        let mut messages = timeline.snapshot(50).await.unwrap().messages;
        let watch = async {
            loop {
                let settled = ["Archived", "Delivered", "Displayed", "Received", "Sent"];
                let is = |message: &heliograph_ffi::Message| {
                    message.text == text
                        && (!message.outgoing || settled.contains(&format!("{:?}", message.state).as_str()))
                };
                if messages.iter().any(is) {
                    return;
                }
                messages = timeline.next(16).await.unwrap();
            }
        };
        timeout(NETWORK, watch).await.unwrap_or_else(|_| panic!("waiting for {text}"));
    }

    /// Every secret that the account has made or was given, read from its database.
    fn secrets(&self) -> Vec<Vec<u8>> {
        let mut store = Store::open(&self.path, &DatabaseKey::new(self.key)).unwrap();
        let secrets = store
            .write(|tx| {
                let account = account::load(tx)?.unwrap();
                let mut secrets = vec![self.key.to_vec(), account.identity_secret.to_vec()];
                let server = setting::get(tx, "server")?.unwrap_or_default();
                collect(&ciborium::from_reader(server.as_slice()).unwrap(), "", &mut secrets);
                if let Some(stream) = stream::get(tx)? {
                    collect(&ciborium::from_reader(stream.identity.as_slice()).unwrap(), "", &mut secrets);
                }
                Ok::<_, heliograph_store::StoreError>(secrets)
            })
            .unwrap();
        store.close().unwrap();
        secrets
    }
}

/// The values of a stored form that are secret: tokens, and what names the installation or the stream to the server.
fn collect(value: &ciborium::Value, name: &str, secrets: &mut Vec<Vec<u8>>) {
    match value {
        ciborium::Value::Map(entries) => {
            for (key, value) in entries {
                collect(value, key.as_text().unwrap_or(name), secrets);
            }
        }
        ciborium::Value::Array(values) => values.iter().for_each(|value| collect(value, name, secrets)),
        ciborium::Value::Text(text) if matches!(name, "secret" | "installation" | "id" | "location") => {
            secrets.push(text.clone().into_bytes());
        }
        ciborium::Value::Bytes(bytes) => secrets.push(bytes.clone()),
        _ => {}
    }
}

/// How somebody could have written bytes into a log.
fn forms(secret: &[u8]) -> Vec<String> {
    let mut forms = vec![
        hex::encode(secret),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        format!("{secret:?}"),
    ];
    forms.extend(String::from_utf8(secret.to_vec()).ok());
    // A part is as bad as the whole.
    forms.iter().map(|form| form.chars().take(24).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exported_log_of_a_whole_life_names_nobody_and_tells_no_secret() {
    let suites = workspace::target().join("suites");
    std::fs::create_dir_all(&suites).unwrap();
    let folder = TempDir::new_in(suites).unwrap();
    let tree = ServerTree::under_test().unwrap();
    let options = Options { domain: DOMAIN.to_owned(), ..Options::with_accounts(&PEOPLE) };
    let server = Server::start(&tree, &folder.path().join("server"), options).await.unwrap();
    start_logging(LogLevel::Trace);
    start_logging(LogLevel::Trace);

    // Both ways of TLS, a look at the server, and refusals for every reason that a user can cause.
    inspect_server(configuration(&server, PEOPLE[0], TlsMode::Direct)).await.unwrap();
    let nowhere = folder.path().join("nowhere.db").to_str().unwrap().to_owned();
    let mut wrong = configuration(&server, PEOPLE[0], TlsMode::Direct);
    wrong.password = WRONG_PASSWORD.to_owned();
    assert!(add_account(nowhere.clone(), vec![9; 32], wrong, None).await.is_err());
    let mut wrong = configuration(&server, PEOPLE[0], TlsMode::StartTls);
    wrong.extra_ca_pem = None;
    assert!(add_account(nowhere.clone(), vec![9; 32], wrong, None).await.is_err());
    let mut wrong = configuration(&server, PEOPLE[0], TlsMode::StartTls);
    (wrong.server, wrong.address) = (None, format!("{}@{DOMAIN}", PEOPLE[0]));
    assert!(add_account(nowhere, vec![9; 32], wrong, None).await.is_err(), "DNS does not know this domain");
    let keys: [[u8; 32]; 2] = [*b"ana's key of the database, 32 b.", *b"ben's key of the database, 32 b."];
    let ana = Phone::new(&server, folder.path(), PEOPLE[0], keys[0], TlsMode::Direct).await;
    let ben = Phone::new(&server, folder.path(), PEOPLE[1], keys[1], TlsMode::StartTls).await;

    let options = vec![PushOption { name: "secret".to_owned(), value: PUSH_SECRET.to_owned() }];
    let target = PushTarget { service: format!("push.{DOMAIN}"), node: NODE.to_owned(), options };
    ana.client.enable_push(target).await.unwrap();
    let group = ana.client.create_group(GROUP.to_owned(), vec![server.address_of(PEOPLE[1])]).await.unwrap();
    ana.active(GROUP).await;
    let group_of_ben = ben.active(GROUP).await;
    ana.client.send(group, TEXTS[0].to_owned()).await.unwrap();
    ben.shows(group_of_ben, TEXTS[0]).await;
    ben.client.send(group_of_ben, TEXTS[1].to_owned()).await.unwrap();
    ana.shows(group, TEXTS[1]).await;
    ana.shows(group, TEXTS[0]).await;

    let plain = ana.client.start_chat(server.address_of(PEOPLE[2])).await.unwrap();
    ana.active(&server.address_of(PEOPLE[2])).await;
    ana.client.send(plain, TEXTS[2].to_owned()).await.unwrap();
    ana.shows(plain, TEXTS[2]).await;
    let encrypted = ben.client.start_chat(server.address_of(PEOPLE[0])).await.unwrap();
    ben.client.send(encrypted, TEXTS[0].to_owned()).await.unwrap();
    ben.shows(encrypted, TEXTS[0]).await;
    let room = ben.client.join_room(format!("{ROOM}@{}", server.rooms()), NICK.to_owned()).await.unwrap();
    ben.client.send(room, TEXTS[3].to_owned()).await.unwrap();
    ben.shows(room, TEXTS[3]).await;
    assert!(!ana.client.search(SEARCHED.to_owned(), None, 50).await.unwrap().is_empty());

    // Out of the network and back, asleep and awake, with a password that is wrong and one that is right.
    ana.client.network_changed(false, None, true, Vec::new()).unwrap();
    ana.client.network_changed(true, Some(NETWORK_NAME.to_owned()), true, Vec::new()).unwrap();
    ana.caught_up().await;
    ana.client.suspend().await.unwrap();
    ana.client.catch_up(20_000).await.unwrap();
    ana.client.resume().await.unwrap();
    ana.client.set_password(WRONG_PASSWORD.to_owned()).await.unwrap();
    let changes = ana.client.connection_changes().unwrap();
    let refused = async {
        while ana.client.connection().unwrap().failure.is_none() {
            changes.next(None).await.unwrap();
        }
    };
    timeout(NETWORK, refused).await.expect("the refusal");
    let password = &server.accounts()[0].password;
    ana.client.set_password(password.clone()).await.unwrap();
    ana.caught_up().await;
    // A session that can be resumed stays in the database.
    ana.client.shutdown().await.unwrap();
    ben.client.shutdown().await.unwrap();

    let log = export_log();
    let own =
        |text: &str| log.lines().filter(|line| line.contains(" heliograph_") && line.contains(text)).count();
    assert!(
        own("to the engine") > 50 && own("from the engine") > 50,
        "the finest level says what happens:\n{log}"
    );
    assert!(own("state=Online") >= 4 && own("authentication-failed") >= 1, "{log}");

    let mut secrets: Vec<String> = PEOPLE.iter().map(|name| (*name).to_owned()).collect();
    secrets.extend(server.accounts().iter().map(|account| account.password.clone()));
    secrets.extend(
        [DOMAIN, GROUP, NICK, ROOM, NETWORK_NAME, NODE, PUSH_SECRET, WRONG_PASSWORD, SEARCHED]
            .map(str::to_owned),
    );
    secrets.extend(TEXTS.map(str::to_owned));
    let of_databases: Vec<Vec<u8>> = [&ana, &ben].iter().flat_map(|phone| phone.secrets()).collect();
    let tokens = usize::from(tree.name != "prosody012") * 2;
    assert!(
        of_databases.len() >= 6 + tokens,
        "keys, identities, installations, tokens: {}",
        of_databases.len()
    );
    let as_bytes: Vec<Vec<u8>> = secrets.iter().map(|text| text.clone().into_bytes()).collect();
    secrets.extend(of_databases.iter().chain(&as_bytes).flat_map(|secret| forms(secret)));
    let log_in_small = log.to_lowercase();
    for secret in secrets.iter().filter(|secret| secret.len() > 5) {
        if let Some(at) = log_in_small.find(&secret.to_lowercase()) {
            let line = log_in_small[..at].matches('\n').count();
            panic!("\"{secret}\" is in the log: {}", log.lines().nth(line).unwrap_or_default());
        }
    }
    println!(
        "{} lines, {} bytes, {} forms of secrets looked for",
        log.lines().count(),
        log.len(),
        secrets.len()
    );
}
