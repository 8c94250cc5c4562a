//! Reaching servers by name, on loopback: what DNS says, what is remembered, and what is done when nothing gets through.

mod scene;

use std::time::Instant;

use heliograph_model::ErrorCode;
use tokio::io::AsyncReadExt;
use tokio::time::Duration;

use super::*;
use crate::traffic::Traffic;
use scene::{Authority, BlackHole, Dns, LIFETIME, Listening, refused};

/// Far below the time of one attempt, far above what loopback takes on a busy machine.
const SOON: Duration = Duration::from_secs(4);

/// An account and where it is.
struct Account {
    connector: Connector,
    dns: Dns,
    authority: Authority,
    network: Network,
    pins: Vec<Pin>,
    timeouts: Timeouts,
}

impl Account {
    async fn new() -> Self {
        let dns = Dns::start().await;
        dns.host("xmpp.example.org.", &["127.0.0.1"]);
        dns.host("example.org.", &["127.0.0.1"]);
        let network = Network { id: None, name_servers: vec![dns.address] };
        Self {
            connector: Self::connector(refused().await),
            dns,
            authority: Authority::new(),
            network,
            pins: Vec::new(),
            timeouts: Timeouts::default(),
        }
    }

    fn connector(https_port: u16) -> Connector {
        Connector::with(ChaCha8Rng::seed_from_u64(7), https_port)
    }

    fn direct(&self, ports: &[u16]) {
        let services: Vec<_> =
            ports.iter().zip(1..).map(|(port, priority)| (priority, *port, "xmpp.example.org.")).collect();
        self.dns.services(TlsMode::Direct, &services);
    }

    fn start_tls(&self, port: u16) {
        self.dns.services(TlsMode::StartTls, &[(9, port, "xmpp.example.org.")]);
    }

    fn destination<'a>(&'a self, trust: &'a Trust) -> Destination<'a> {
        Destination {
            domain: "example.org",
            server: &ServerLocation::Lookup,
            web_socket: None,
            network: &self.network,
            trust,
            pins: &self.pins,
            confirmed: None,
            timeouts: &self.timeouts,
        }
    }

    /// As a session does that is let in and hears nothing; gives the port.
    async fn sign_in_without_answer(&self) -> u16 {
        let trust = self.authority.trust();
        let to = self.destination(&trust);
        let reached = self.connector.reach(&to, &Arc::default()).await.expect("a connection");
        self.connector.was_silent(&to, &reached.way);
        self.connector.failed(&to);
        match reached.way {
            Way::Tcp { candidate, .. } => candidate.port,
            Way::WebSocket { .. } => panic!("through the web"),
        }
    }

    /// As a session does that comes about; gives what it received with the first bytes.
    async fn reach(&self) -> Result<(Transport, bool, Traffic), SessionError> {
        let trust = self.authority.trust();
        let to = self.destination(&trust);
        let counters = Arc::default();
        let mut reached = self.connector.reach(&to, &counters).await?;
        if reached.transport == Transport::DirectTls {
            reached.socket.read_exact(&mut [0; 5]).await.unwrap();
        }
        self.connector.worked(&to, reached.way);
        let resumed = reached.secured.is_some_and(|secured| secured.resumed);
        Ok((reached.transport, resumed, counters.read()))
    }

    async fn reached_by(&self) -> Transport {
        self.reach().await.unwrap_or_else(|error| panic!("{error}")).0
    }
}

/// Beyond the time of every answer.
async fn the_answers_grow_old() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(u64::from(LIFETIME) + 1)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_second_connection_asks_nobody_and_needs_no_certificate() {
    let account = Account::new().await;
    let (acceptor, _) = account.authority.server("example.org");
    let server = Listening::tls(acceptor).await;
    account.direct(&[server.port]);
    let (transport, resumed, full) = account.reach().await.unwrap();
    assert_eq!((transport, resumed), (Transport::DirectTls, false));
    let questions = account.dns.questions();
    assert!(questions >= 4, "two kinds of service, two families: {questions}");

    let (transport, resumed, short) = account.reach().await.unwrap();
    assert_eq!((transport, resumed), (Transport::DirectTls, true));
    assert_eq!(account.dns.questions(), questions, "DNS was asked again");
    println!("full handshake: {full:?}, resumed: {short:?}");
    assert!(short.bytes_down + 300 < full.bytes_down, "{short:?} against {full:?}");
}

#[tokio::test]
async fn a_reconnect_does_not_wait_for_a_dns_that_is_silent() {
    let account = Account::new().await;
    let (acceptor, _) = account.authority.server("example.org");
    let server = Listening::tls(acceptor).await;
    account.direct(&[server.port]);
    account.reached_by().await;
    account.dns.fall_silent();
    the_answers_grow_old().await;
    let begin = Instant::now();
    assert_eq!(account.reached_by().await, Transport::DirectTls);
    assert!(begin.elapsed() < timeouts::DNS_PACKET, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_server_that_moved_is_found_again_although_its_old_place_is_remembered() {
    let account = Account::new().await;
    let (acceptor, _) = account.authority.server("example.org");
    let old = Listening::tls(acceptor.clone()).await;
    account.direct(&[old.port]);
    account.reached_by().await;

    let new = Listening::tls(acceptor).await;
    account.direct(&[new.port]);
    the_answers_grow_old().await;
    // The old place is somebody else's now.
    let (stranger, _) = Authority::new().server("example.org");
    let stranger = Listening::tls(stranger).await;
    let Some(Way::Tcp { candidate, address }) = account.connector.memory().way(None, "example.org") else {
        panic!("nothing is remembered")
    };
    let moved = SocketAddr::new(address.ip(), stranger.port);
    account.connector.memory().keep_way(None, "example.org", Way::Tcp { candidate, address: moved });
    assert_eq!(account.reached_by().await, Transport::DirectTls);
    assert_eq!((stranger.connections(), old.connections() + new.connections()), (1, 2));
}

#[tokio::test]
async fn a_target_that_swallows_packets_and_one_that_refuses_cost_no_timeout() {
    let account = Account::new().await;
    let (acceptor, _) = account.authority.server("example.org");
    let server = Listening::tls(acceptor).await;
    let hole = BlackHole::new().await;
    account.direct(&[refused().await, hole.port, server.port]);
    let begin = Instant::now();
    assert_eq!(account.reached_by().await, Transport::DirectTls);
    let took = begin.elapsed();
    println!("past a refusal and a black hole: {took:?}");
    assert!(took >= timeouts::STAGGER && took < SOON, "{took:?}");
}

#[tokio::test]
async fn tls_that_is_swallowed_behind_an_open_port_leaves_starttls_its_chance() {
    let mut account = Account::new().await;
    account.timeouts.tls_handshake = Duration::from_millis(300);
    let (swallows, start) = (Listening::plain().await, Listening::plain().await);
    account.direct(&[swallows.port]);
    account.start_tls(start.port);
    assert_eq!(account.reached_by().await, Transport::StartTls);
    assert_eq!(swallows.connections(), 1);
}

#[tokio::test]
async fn a_place_that_lets_connect_and_says_nothing_comes_last_and_then_after_the_web() {
    let mut account = Account::new().await;
    let (silent, start) = (Listening::plain().await, Listening::plain().await);
    account.dns.services(TlsMode::Direct, &[]);
    account.dns.services(
        TlsMode::StartTls,
        &[(1, silent.port, "xmpp.example.org."), (2, start.port, "xmpp.example.org.")],
    );
    // First the other one; then both are as good as each other; then both are better than nothing.
    for port in [silent.port, start.port, silent.port, start.port, silent.port] {
        assert_eq!(account.sign_in_without_answer().await, port);
    }
    // Something else is to be had: nothing but HTTPS passes here.
    account.dns.host("web.example.org.", &["127.0.0.1"]);
    let socket = Listening::web_socket(account.authority.server("example.org").0).await;
    let link = format!("wss://web.example.org:{}/xmpp-websocket", socket.port);
    let page =
        format!(r#"{{ "links": [{{ "rel": "urn:xmpp:alt-connections:websocket", "href": "{link}" }}] }}"#);
    let (acceptor, _) = account.authority.server("example.org");
    let web = Listening::web(acceptor, vec![("/.well-known/host-meta.json", page)]).await;
    let memory = std::mem::take(&mut *account.connector.memory());
    account.connector = Account::connector(web.port);
    *account.connector.memory() = memory;
    assert_eq!(account.reached_by().await, Transport::WebSocket);
    // Elsewhere nobody was silent.
    account.network.id = Some(NetworkId::new("home"));
    assert_eq!(account.reached_by().await, Transport::StartTls);
}

#[tokio::test]
async fn a_wrong_certificate_is_told_as_such_and_the_web_server_is_not_asked() {
    let mut account = Account::new().await;
    let (stranger, _) = Authority::new().server("example.org");
    let (other_name, _) = account.authority.server("example.com");
    let servers = [Listening::tls(stranger).await, Listening::tls(other_name).await];
    account.direct(&servers.each_ref().map(|server| server.port));
    account.start_tls(refused().await);
    let (acceptor, _) = account.authority.server("example.org");
    let web = Listening::web(acceptor, Vec::new()).await;
    account.connector = Account::connector(web.port);
    let error = account.reach().await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::CertificateRejected);
    assert_eq!(web.connections(), 0);

    // A good one beside them is good enough: each is checked by itself.
    account.connector = Account::connector(web.port);
    account.start_tls(Listening::plain().await.port);
    assert_eq!(account.reached_by().await, Transport::StartTls);
}

#[tokio::test]
async fn of_several_pinned_keys_one_must_be_the_servers() {
    let mut account = Account::new().await;
    let (acceptor, pin) = account.authority.server("example.org");
    let (_, spare) = account.authority.server("example.org");
    account.direct(&[Listening::tls(acceptor).await.port]);
    account.pins = vec![spare, pin];
    assert_eq!(account.reached_by().await, Transport::DirectTls);
    account.pins = vec![spare];
    let error = account.reach().await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::CertificateRejected);
    assert_eq!(error.to_string(), "the certificate was refused: its key is none of the expected ones");
}

#[tokio::test]
async fn a_domain_that_says_it_has_no_xmpp_is_believed() {
    let account = Account::new().await;
    account.dns.services(TlsMode::Direct, &[(0, 0, ".")]);
    account.dns.services(TlsMode::StartTls, &[(0, 0, ".")]);
    assert_eq!(account.reach().await.err(), Some(SessionError::NoService));
}

#[tokio::test]
async fn where_only_https_passes_the_web_server_says_where_to_go_and_that_is_remembered() {
    let mut account = Account::new().await;
    account.direct(&[refused().await]);
    account.start_tls(refused().await);
    account.dns.host("web.example.org.", &["127.0.0.1"]);
    // The web server may show a certificate for its own name or for the account's domain.
    for name in ["web.example.org", "example.org"] {
        let socket = Listening::web_socket(account.authority.server(name).0).await;
        let link = format!("wss://web.example.org:{}/xmpp-websocket", socket.port);
        let page = format!(
            r#"{{ "links": [{{ "rel": "urn:xmpp:alt-connections:websocket", "href": "{link}" }}] }}"#
        );
        let (acceptor, _) = account.authority.server("example.org");
        // It has the JSON form only.
        let web = Listening::web(acceptor, vec![("/.well-known/host-meta.json", page)]).await;
        account.connector = Account::connector(web.port);
        account.network.id = Some(NetworkId::new("hotel"));
        assert_eq!(account.reached_by().await, Transport::WebSocket);
        assert_eq!((web.connections(), socket.connections()), (2, 1));

        let questions = account.dns.questions();
        assert_eq!(account.reached_by().await, Transport::WebSocket);
        assert_eq!((web.connections(), socket.connections()), (2, 2), "nobody needs to be asked again");
        assert_eq!(account.dns.questions(), questions);

        // In another network, nothing of this is known.
        account.network.id = Some(NetworkId::new("home"));
        let start = Listening::plain().await;
        account.start_tls(start.port);
        assert_eq!(account.reached_by().await, Transport::StartTls);
        account.start_tls(refused().await);
    }
}

#[tokio::test]
async fn a_web_server_that_knows_nothing_leaves_it_at_an_unreachable_server() {
    let mut account = Account::new().await;
    account.direct(&[refused().await]);
    account.start_tls(refused().await);
    let (acceptor, _) = account.authority.server("example.org");
    let web =
        Listening::web(acceptor, vec![("/.well-known/host-meta", "<html>Welcome</html>".to_owned())]).await;
    account.connector = Account::connector(web.port);
    let error = account.reach().await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::NetworkUnavailable);
    assert_eq!(
        error.to_string(),
        "no way to the server worked: 1 by direct TLS (the connection failed: connection refused), 1 by STARTTLS \
         (the connection failed: connection refused), 1 by WebSocket (no way through the web server: the web server \
         names none)"
    );
}
