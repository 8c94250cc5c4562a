//! What can't work says so, in a way that a person can act on, and nothing is tried for ever or lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_lab::certificates::CertificateFault;
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Command, LabError, Options, Phone, PhoneConfig, Software};
use heliograph_suites::scene::{GROUP, Scene, shell};

/// The code with which adding the account is refused.
async fn refusal(config: &PhoneConfig) -> String {
    match Phone::add_account(config).await {
        Err(LabError::Refused { code, message, .. }) => {
            assert!(message.len() > 20, "an advice for a person: {message}");
            assert!(!config.data.join("account.db").exists(), "a refused account leaves nothing behind");
            code
        }
        other => panic!("not refused: {:?}", other.map_err(|error| error.to_string())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_that_can_not_work_is_refused_with_its_reason() {
    let scene = Scene::server(Options::with_accounts(&["ana"])).await;
    let good = scene.config("ana");
    let wrong_password = PhoneConfig { password: "guessed".into(), ..good.clone() };
    assert_eq!(refusal(&wrong_password).await, "authentication-failed");
    let unknown_account = PhoneConfig { address: "nobody@lab.test".into(), ..good.clone() };
    assert_eq!(refusal(&unknown_account).await, "authentication-failed");
    let unknown_authority = PhoneConfig { authority: None, ..good.clone() };
    assert_eq!(refusal(&unknown_authority).await, "certificate-rejected");
    let nobody_listens = PhoneConfig { server: "127.0.0.1:9".into(), ..good.clone() };
    assert_eq!(refusal(&nobody_listens).await, "network-unavailable");
    let unknown_host = PhoneConfig { server: "no.such.host.invalid:5222".into(), ..good.clone() };
    assert_eq!(refusal(&unknown_host).await, "host-unknown");
    Phone::add_account(&good).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_prove_nothing_are_rejected() {
    for fault in [CertificateFault::Expired, CertificateFault::OtherName] {
        let options = Options { certificate: fault, ..Options::with_accounts(&["ana"]) };
        let scene = Scene::server(options).await;
        assert_eq!(refusal(&scene.config("ana")).await, "certificate-rejected");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_not_given_to_a_server_that_offers_no_encryption_or_only_plain() {
    let options = Options { encryption: false, ..Options::with_accounts(&["ana"]) };
    let scene = Scene::server(options).await;
    let open = PhoneConfig {
        server: scene.server.starttls_address().to_string(),
        tls: heliograph_lab::Tls::StartTls,
        ..scene.config("ana")
    };
    assert_eq!(refusal(&open).await, "encryption-unavailable");
    let hidden = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"];
    let options =
        Options { hidden_mechanisms: hidden.map(String::from).to_vec(), ..Options::with_accounts(&["ana"]) };
    let scene = Scene::server(options).await;
    assert_eq!(refusal(&scene.config("ana")).await, "no-acceptable-login");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_rooms_still_carries_chats() {
    let options = Options { rooms: false, ..Options::with_accounts(&["ana", "ben"]) };
    let mut scene = Scene::on(options, &["ana", "ben"]).await;
    for phone in &scene.phones {
        phone.until("the connection", NETWORK, |view| view.is_online().then_some(())).await.unwrap();
    }
    let ben = scene.phones[1].config().address.clone();
    scene.phones[0].request(&Command::message(&ben, "no rooms here")).await.unwrap();
    scene.shows(1, "no rooms here").await;
    let refused = scene.phones[0].request(&Command::group(GROUP, std::slice::from_ref(&ben))).await;
    assert!(
        matches!(&refused, Err(LabError::Refused { code, .. }) if code == "rooms-unavailable"),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_archive_can_not_order_a_group_and_says_so() {
    let options = Options { archive: false, ..Options::with_accounts(&["ana", "ben"]) };
    let mut scene = Scene::on(options, &["ana", "ben"]).await;
    let ben = scene.phones[1].config().address.clone();
    scene.phones[0].request(&Command::message(&ben, "only while both are here")).await.unwrap();
    scene.shows(1, "only while both are here").await;
    scene.phones[0].request(&Command::group(GROUP, std::slice::from_ref(&ben))).await.unwrap();
    let code = scene.phones[0]
        .until("the refusal", NETWORK, |view| view.conversation(GROUP)?.error.clone())
        .await
        .unwrap();
    assert_eq!(code, "archive-unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_changed_elsewhere_stops_the_phone_and_is_not_tried_again() {
    let mut scene = Scene::new(&["ana"]).await;
    if scene.server.software() == Software::Ejabberd {
        // Version 24.12 lets tokens (XEP-0484) live on when the password is changed, so the phone may stay.
        return;
    }
    scene.phones[0].until("the connection", NETWORK, |view| view.is_online().then_some(())).await.unwrap();
    let mut account = scene.server.accounts()[0].clone();
    account.password = "changed on another device".into();
    scene.server.change_password(&account).await.unwrap();
    scene.server.kill().await.unwrap();
    scene.server.restart().await.unwrap();
    scene.phones[0].request(&Command::Network { available: false }).await.unwrap();
    scene.phones[0].request(&Command::Network { available: true }).await.unwrap();
    let error = scene.phones[0].until("the stop", NETWORK, |view| {
        let stopped = view.connection == Some(heliograph_lab::phone::ConnectionState::Stopped);
        stopped.then(|| view.connection_error.clone())
    });
    assert_eq!(error.await.unwrap().as_deref(), Some("authentication-failed"));
    let tries = scene.server.refused_logins();
    // What is written now waits in the outbox, and does not make it try again.
    scene.phones[0].request(&Command::Status).await.unwrap();
    assert_eq!(scene.server.refused_logins(), tries);
}

/// Every command on a store that can't be opened says why, for people and for scripts, and leaves the files as they are.
async fn is_refused_untouched(config: &PhoneConfig, code: &str, advice: &str) {
    let files = |folder: &std::path::Path| -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = files(&config.data);
    for command in
        [&["history"] as &[&str], &["chat"], &["send", "ben@lab.test", "hi"], &["status", "--offline"]]
    {
        let told = shell(config, command).await;
        assert_eq!(told.status.code(), Some(5), "{command:?}: {told:?}");
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(said.contains(advice), "{command:?}: {said}");
        let told = shell(config, &[&["--json"], command].concat()).await;
        assert_eq!(told.status.code(), Some(5), "{command:?}: {told:?}");
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(said.contains(&format!("\"code\":\"{code}\"")), "{command:?}: {said}");
    }
    assert_eq!(files(&config.data), before, "a store that can't be opened is left as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_fit_opens_nothing_and_harms_nothing() {
    let mut scene = Scene::new(&["ana"]).await;
    scene.phones[0].quit().await.unwrap();
    let config = scene.config("ana");
    let key = config.data.join("key");
    let right = std::fs::read_to_string(&key).unwrap();
    std::fs::write(&key, format!("{}\n", "5a".repeat(32))).unwrap();
    is_refused_untouched(&config, "store-locked", "The key does not open this database").await;
    std::fs::write(&key, "not a key").unwrap();
    is_refused_untouched(&config, "store-locked", "The key file of this data folder is damaged").await;
    std::fs::remove_file(&key).unwrap();
    is_refused_untouched(&config, "store-locked", "The key file of this data folder is missing").await;
    std::fs::write(&key, right).unwrap();
    assert!(shell(&config, &["status", "--offline"]).await.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_said_to_be_damaged_and_left_alone() {
    let mut scene = Scene::new(&["ana"]).await;
    scene.phones[0].quit().await.unwrap();
    let config = scene.config("ana");
    let database = config.data.join("account.db");
    let whole = std::fs::read(&database).unwrap();
    let advice = "The database is damaged. The file was left untouched.";

    // Cut off in the middle of a page.
    std::fs::write(&database, &whole[..whole.len() - 1000]).unwrap();
    is_refused_untouched(&config, "store-corrupt", advice).await;

    // The first page is sound, so the key fits, but one bit of every other page fell over.
    let mut damaged = whole.clone();
    damaged.iter_mut().skip(4096 + 2000).step_by(4096).for_each(|byte| *byte ^= 1);
    std::fs::write(&database, &damaged).unwrap();
    is_refused_untouched(&config, "store-corrupt", advice).await;

    std::fs::write(&database, &whole).unwrap();
    assert!(shell(&config, &["status", "--offline"]).await.status.success());
}
