//! Every way of signing in that a real server offers: the password, the token that comes of it, and the session resumed by it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Options, Server, ServerTree, workspace};
use heliograph_model::stanza::{Granted, LoginPath, SessionEvent};
use heliograph_xmpp::session::{
    ResumeState, ServerLocation, ServerMemory, Session, SessionConfig, SessionOutput, TlsMode, Traffic, Trust,
};
use tempfile::TempDir;
use tokio::time::timeout;

/// An account on a server, as a phone that keeps its memory signs in to it.
struct Visitor {
    config: SessionConfig,
    server: Server,
    _folder: TempDir,
}

/// How the visitor leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exit {
    Goodbye,
    /// The connection goes, the session stays.
    Away,
}

impl Visitor {
    async fn new(tls: TlsMode) -> Self {
        let suites = workspace::target().join("suites");
        std::fs::create_dir_all(&suites).unwrap();
        let folder = TempDir::new_in(suites).unwrap();
        let tree = ServerTree::under_test().unwrap();
        let options = Options::with_accounts(&["ana"]);
        let server = Server::start(&tree, &folder.path().join("server"), options).await.unwrap();
        let account = &server.accounts()[0];
        let mut config = SessionConfig::new(
            server.address_of(&account.name).parse().unwrap(),
            account.password.clone().into(),
        );
        let place =
            if tls == TlsMode::Direct { server.direct_tls_address() } else { server.starttls_address() };
        config.server = ServerLocation::At { host: place.ip().to_string(), port: place.port(), tls };
        config.trust = Trust::ExtraCa(server.authority_pem().into_bytes());
        Self { config, server, _folder: folder }
    }

    /// One session, from the first byte to its end. What it learned is kept for the next, as the client keeps it.
    async fn visit(
        &mut self,
        resume: Option<ResumeState>,
        exit: Exit,
    ) -> (Granted, Traffic, Option<ResumeState>) {
        if let Some(memory) = &mut self.config.memory {
            let _ = memory.reserve();
        }
        let (handle, mut outputs) = Session::start(self.config.clone(), resume);
        let mut online = None;
        loop {
            match timeout(NETWORK, outputs.recv()).await.expect("in time").expect("a last word") {
                SessionOutput::Remember(memory) => self.config.memory = Some(*memory),
                SessionOutput::Event(SessionEvent::Online(granted)) => {
                    online = Some((granted, handle.traffic()));
                    match exit {
                        Exit::Goodbye => handle.close(),
                        Exit::Away => handle.leave(),
                    }
                }
                SessionOutput::Ended { error, resume } => {
                    let (granted, traffic) = online.unwrap_or_else(|| panic!("{error:?}"));
                    assert_eq!(error, None);
                    return (granted, traffic, resume);
                }
                _ => {}
            }
        }
    }

    fn memory(&self) -> ServerMemory {
        self.config.memory.clone().expect("something was learned")
    }
}

/// Whether the server under test has SASL2 and tokens; Prosody 0.12 is the one that stands for all that have not.
fn has_tokens() -> bool {
    ServerTree::under_test().unwrap().name != "prosody012"
}

fn path(with_tokens: LoginPath) -> LoginPath {
    if has_tokens() { with_tokens } else { LoginPath::Sasl }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_used_once_and_then_a_token_and_then_the_session_is_resumed_by_it() {
    for tls in [TlsMode::Direct, TlsMode::StartTls] {
        let mut ana = Visitor::new(tls).await;
        let (first, cost, _) = ana.visit(None, Exit::Goodbye).await;
        println!("{tls:?} first: {:?}, {cost:?}", first.login);
        assert_eq!((first.login, first.resumed), (path(LoginPath::Sasl2), false));
        // Each of these gets, and uses, the token of the one before.
        for _ in 0..3 {
            let (again, cost, _) = ana.visit(None, Exit::Goodbye).await;
            println!("{tls:?} again: {:?}, pipelined: {}, {cost:?}", again.login, again.pipelined);
            assert_eq!((again.login, again.resumed), (path(LoginPath::Fast), false));
            assert!(again.pipelined || !has_tokens(), "the server is known");
        }
        let (fresh, _, resume) = ana.visit(None, Exit::Away).await;
        assert!(!fresh.resumed);
        let (resumed, cost, _) = ana.visit(resume, Exit::Goodbye).await;
        println!("{tls:?} resumed: {:?}, pipelined: {}, {cost:?}", resumed.login, resumed.pipelined);
        assert_eq!((resumed.login, resumed.resumed), (path(LoginPath::Fast), true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_used_up_costs_a_round_trip_and_no_session() {
    let mut ana = Visitor::new(TlsMode::Direct).await;
    ana.visit(None, Exit::Goodbye).await;
    let old = ana.memory();
    for _ in 0..3 {
        ana.visit(None, Exit::Goodbye).await;
    }
    // A backup was restored: the token in it was replaced, and its replacement used, long ago.
    ana.config.memory = Some(old);
    let (granted, cost, _) = ana.visit(None, Exit::Goodbye).await;
    println!("with an old token: {:?}, {cost:?}", granted.login);
    let (granted, _, _) = ana.visit(None, Exit::Goodbye).await;
    assert_eq!(granted.login, path(LoginPath::Fast), "and the one after it has a good token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_restarted_or_killed_has_forgotten_the_session_and_not_the_account() {
    let mut ana = Visitor::new(TlsMode::Direct).await;
    for abruptly in [false, true] {
        let (_, _, resume) = ana.visit(None, Exit::Away).await;
        assert!(resume.is_some());
        if abruptly {
            ana.server.kill().await.unwrap();
        } else {
            ana.server.stop().await.unwrap();
        }
        ana.server.restart().await.unwrap();
        let (granted, cost, _) = ana.visit(resume, Exit::Goodbye).await;
        println!("after a server that was killed ({abruptly}): {:?}, {cost:?}", granted.login);
        assert!(!granted.resumed);
    }
}
