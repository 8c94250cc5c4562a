//! Servers that end, in good order or not, and sessions that somebody else takes over.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_client::{ConnectionState, ErrorCode};
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Options, Server, ServerTree, workspace};
use heliograph_model::stanza::SessionEvent;
use heliograph_suites::handset::Handset;
use heliograph_xmpp::session::{ServerLocation, Session, SessionConfig, SessionOutput, TlsMode, Trust};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

struct Place {
    server: Server,
    folder: TempDir,
}

impl Place {
    async fn new(names: &[&str]) -> Self {
        let suites = workspace::target().join("suites");
        std::fs::create_dir_all(&suites).unwrap();
        let folder = TempDir::new_in(suites).unwrap();
        let tree = ServerTree::under_test().unwrap();
        let options = Options::with_accounts(names);
        let server = Server::start(&tree, &folder.path().join("server"), options).await.unwrap();
        Self { server, folder }
    }

    async fn phone(&self, name: &str) -> Handset {
        Handset::sign_up(&self.server, self.folder.path(), name).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_in_either_way_is_found_again_and_nothing_is_lost() {
    let mut place = Place::new(&["ana", "ben"]).await;
    let (ana, ben) = (place.phone("ana").await, place.phone("ben").await);
    ben.until_caught_up().await;
    let chat = ana.client.start_chat(&ben.address()).await.unwrap();
    ana.say(chat, "are you there?").await;
    ben.shows("are you there?").await;
    for (round, abruptly) in [false, true, false, true].into_iter().enumerate() {
        if abruptly {
            place.server.kill().await.unwrap();
        } else {
            place.server.stop().await.unwrap();
        }
        let text = format!("said while there was no server {round}");
        ana.say(chat, &text).await;
        // Nobody tells the phones that the server is back.
        place.server.restart().await.unwrap();
        ben.shows(&text).await;
    }
    let shown: Vec<String> = ben.timeline(chat).into_iter().map(|message| message.text).collect();
    let said = (0..4).map(|round| format!("said while there was no server {round}"));
    let said: Vec<String> = std::iter::once("are you there?".to_owned()).chain(said).collect();
    assert_eq!(shown, said);
}

/// Nobody hammers a server that is down: the engine decides when to try, and nothing below it tries more often.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_causes_one_login_for_each_step_of_the_back_off() {
    let mut place = Place::new(&["ana"]).await;
    let ana = place.phone("ana").await;
    ana.until_caught_up().await;
    let counts = || (ana.wire.traffic().accepted, ana.client.traffic().connects);
    let (logins, tries) = counts();
    place.server.kill().await.unwrap();
    let mut changes = ana.client.connection_changes();
    // Until the fifth step of the back-off waits.
    let steps = async {
        loop {
            let connection = changes.next().await.unwrap();
            if connection.state == ConnectionState::Waiting && ana.client.traffic().connects >= tries + 4 {
                break connection;
            }
        }
    };
    let connection = timeout(NETWORK, steps).await.expect("four tries");
    assert!(connection.error.is_some_and(|error| error.code.is_transient()));
    let (logins_now, tries_now) = counts();
    assert_eq!(logins_now - logins, tries_now - tries, "one login for each try");
    place.server.restart().await.unwrap();
    ana.until_caught_up().await;
}

/// What a session says, until it says what is wanted.
async fn until<Found>(
    outputs: &mut mpsc::Receiver<SessionOutput>,
    wanted: impl Fn(&SessionOutput) -> Option<Found>,
) -> Found {
    let listen = async {
        loop {
            let output = outputs.recv().await.expect("the session says how it ended");
            if let Some(found) = wanted(&output) {
                return found;
            }
        }
    };
    timeout(NETWORK, listen).await.expect("in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_another_device_takes_over_says_so_and_can_not_be_resumed() {
    let place = Place::new(&["ana"]).await;
    let account = &place.server.accounts()[0];
    let mut config = SessionConfig::new(
        place.server.address_of(&account.name).parse().unwrap(),
        account.password.clone().into(),
    );
    let address = place.server.direct_tls_address();
    config.server =
        ServerLocation::At { host: address.ip().to_string(), port: address.port(), tls: TlsMode::Direct };
    config.trust = Trust::ExtraCa(place.server.authority_pem().into_bytes());
    config.resource = Some("the one telephone".to_owned());
    let online = |output: &SessionOutput| {
        matches!(output, SessionOutput::Event(SessionEvent::Online(_))).then_some(())
    };
    let (_first, mut first) = Session::start(config.clone(), None);
    config.memory = Some(
        until(&mut first, |output| match output {
            SessionOutput::Remember(memory) => Some(memory.as_ref().clone()),
            _ => None,
        })
        .await,
    );
    until(&mut first, online).await;
    let (second, mut others) = Session::start(config, None);
    until(&mut others, online).await;
    let (code, resumable) = until(&mut first, |output| match output {
        SessionOutput::Ended { error, resume } => {
            Some((error.as_ref().map(|error| error.code), resume.is_some()))
        }
        _ => None,
    })
    .await;
    assert_eq!((code, resumable), (Some(ErrorCode::SessionReplaced), false));
    assert!(!ErrorCode::SessionReplaced.is_transient(), "the engine does not fight for it");
    second.close();
}
