//! A server under script, on loopback: each test says line by line what it hears and says.
//!
//! It knows no protocol beyond what the script does, so that it does not share the client's mistakes. A script that ends
//! while something that the client said was not read fails ([`Peer::nothing_else`]).
#![allow(dead_code)]

pub mod known;
pub mod phone;
pub mod sasl2;
pub mod scram;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt, StreamExt};
use heliograph_model::Address;
use heliograph_xmpp::session::{ServerLocation, SessionConfig, TlsMode, Trust};
use minidom::Element;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use scram::ScramServer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::TLS12;
use tokio_rustls::rustls::{ALL_VERSIONS, HandshakeKind, ServerConfig, SupportedProtocolVersion, crypto};
use tokio_websockets::{Message, ServerBuilder, WebSocketStream};
use zeroize::Zeroizing;

pub const PASSWORD: &str = "correct horse";
pub const FULL_JID: &str = "ana@example.org/phone";

/// No test waits longer for anything: far beyond what loopback takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

const NAMESPACES: &str = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";

/// SCRAM-SHA-256 and nothing else.
pub const SCRAM: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism>\
     <mechanism>PLAIN</mechanism></mechanisms>";
pub const START_TLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";
pub const BIND: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>";

pub struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    pub ca_pem: String,
    /// Its certificate in DER.
    pub certificate: Vec<u8>,
}

impl Server {
    pub async fn new() -> Self {
        Self::named("example.org").await
    }

    /// One whose system holds little of what is under way, so that a side that stops reading is soon felt by the other.
    pub async fn with_small_buffers() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        socket.set_send_buffer_size(8 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self { listener: socket.listen(8).unwrap(), ..Self::new().await }
    }

    /// With a certificate for `name`.
    pub async fn named(name: &str) -> Self {
        Self::with(name, ALL_VERSIONS).await
    }

    /// One that is behind the times.
    pub async fn with_tls_1_2() -> Self {
        Self::with("example.org", &[&TLS12]).await
    }

    async fn with(name: &str, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        Self { ca_pem: issuer.pem(), ..Self::showing(&certificate, &key, versions).await }
    }

    /// One that shows this certificate and signs with this key, whether it belongs to it or not.
    pub async fn showing(
        certificate: &Certificate,
        key: &KeyPair,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let key = crypto::ring::sign::any_supported_type(&key).unwrap();
        let shown = CertifiedKey::new(vec![certificate.der().clone()], key);
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca_pem: String::new(),
            certificate: certificate.der().to_vec(),
        }
    }

    /// Where it would be reached by WebSocket.
    pub fn web_socket(&self) -> String {
        format!("wss://localhost:{}/xmpp-websocket", self.listener.local_addr().unwrap().port())
    }

    pub fn config(&self, tls: TlsMode) -> SessionConfig {
        let address = Address::parse("ana@example.org").unwrap();
        let mut config = SessionConfig::new(address, Zeroizing::new(PASSWORD.to_owned()));
        config.server = ServerLocation::At { host: "127.0.0.1".to_owned(), port: self.port(), tls };
        config.trust = Trust::ExtraCa(self.ca_pem.clone().into_bytes());
        config
    }

    /// The next connection, before any TLS.
    pub async fn accept(&self) -> Peer {
        let (socket, _) = patiently(self.listener.accept()).await.unwrap();
        Peer {
            io: Some(Box::new(socket)),
            web_socket: None,
            heard: String::new(),
            acceptor: self.acceptor.clone(),
            exporter: Vec::new(),
            secured: false,
            resumed: false,
        }
    }

    /// The next connection, under TLS from the first byte.
    pub async fn accept_direct(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.secure().await.unwrap();
        peer
    }

    /// A client that is through with login and about to bind or resume.
    pub async fn accept_login(&self) -> Peer {
        let mut peer = self.accept_direct().await;
        peer.open(SCRAM).await;
        peer.login().await;
        peer.open(BIND).await;
        peer
    }

    /// A client that is online, with a stream that can be resumed under `id`.
    pub async fn accept_session(&self, id: &str) -> Peer {
        let mut peer = self.accept_login().await;
        peer.bind().await;
        peer.enable(id).await;
        peer
    }

    /// A client that is online, on a server without stream management.
    pub async fn accept_unmanaged(&self) -> Peer {
        let mut peer = self.accept_direct().await;
        peer.open(SCRAM).await;
        peer.login().await;
        peer.open("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>").await;
        peer.bind().await;
        peer
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Whether somebody else has connected meanwhile.
    pub async fn nobody_waits(&self) -> bool {
        futures::poll!(std::pin::pin!(self.listener.accept())).is_pending()
    }
}

trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<Io: AsyncRead + AsyncWrite + Send + Unpin> Transport for Io {}

/// The other end of one connection.
pub struct Peer {
    io: Option<Box<dyn Transport>>,
    /// Instead of `io`.
    web_socket: Option<WebSocketStream<Box<dyn Transport>>>,
    heard: String,
    acceptor: TlsAcceptor,
    pub exporter: Vec<u8>,
    secured: bool,
    /// TLS went on from an earlier connection.
    pub resumed: bool,
}

impl Peer {
    fn io(&mut self) -> &mut dyn Transport {
        self.io.as_mut().unwrap()
    }

    /// Shakes hands; the client may refuse.
    pub async fn secure(&mut self) -> std::io::Result<()> {
        let io = self.io.take().unwrap();
        let stream = patiently(self.acceptor.clone().accept(io)).await?;
        let exporter =
            stream.get_ref().1.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", Some(&[]));
        self.exporter = exporter.unwrap_or_default();
        self.resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
        self.io = Some(Box::new(stream));
        self.secured = true;
        Ok(())
    }

    /// Switches to WebSocket, as a web server that knows XMPP (RFC 7395 §3.1).
    pub async fn switch(&mut self) {
        let builder = ServerBuilder::new()
            .add_header("sec-websocket-protocol".parse().unwrap(), "xmpp".parse().unwrap())
            .unwrap();
        let (request, stream) = patiently(builder.accept(self.io.take().unwrap())).await.unwrap();
        assert_eq!(request.headers()["sec-websocket-protocol"], "xmpp");
        self.web_socket = Some(stream);
    }

    /// Hears `<open/>`, answers with one and with features, each in a message of its own.
    pub async fn open_web_socket(&mut self, features: &str) {
        const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";
        let open = self.expect("open", FRAMING).await;
        assert_eq!((open.attr("to"), open.attr("version")), (Some("example.org"), Some("1.0")));
        self.say(&format!("<open xmlns='{FRAMING}' from='example.org' id='1' version='1.0'/>")).await;
        self.say(&format!(
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>{features}</stream:features>"
        ))
        .await;
    }

    pub async fn say(&mut self, text: &str) {
        if let Some(stream) = &mut self.web_socket {
            patiently(stream.send(Message::text(text.to_owned()))).await.unwrap();
            return;
        }
        patiently(self.io().write_all(text.as_bytes())).await.unwrap();
        patiently(self.io().flush()).await.unwrap();
    }

    /// Hears more; `false` at the end of the connection, however it came.
    async fn listen(&mut self) -> bool {
        if let Some(stream) = &mut self.web_socket {
            let Some(Ok(message)) = patiently(stream.next()).await else { return false };
            let text = message.as_text().unwrap();
            // Each is a document of its own (RFC 7395 §3.3.3).
            assert!(text.parse::<Element>().is_ok(), "{text}");
            self.heard.push_str(text);
            return true;
        }
        let mut buffer = vec![0; 64 * 1024];
        match patiently(self.io().read(&mut buffer)).await {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.heard.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
                true
            }
        }
    }

    /// Hears a stream header, answers with one and with features.
    pub async fn open(&mut self, features: &str) {
        self.header().await;
        self.answer(features).await;
    }

    /// Whether the client has said this already, in what was read so far.
    pub fn has_heard(&self, text: &str) -> bool {
        self.heard.contains(text)
    }

    /// Hears a stream header, and says nothing.
    pub async fn header(&mut self) {
        let end = loop {
            if let Some(start) = self.heard.find("<stream:stream")
                && let Some(end) = self.heard[start..].find('>')
            {
                break start + end + 1;
            }
            assert!(self.listen().await, "no stream header");
        };
        let header: String = self.heard.drain(..end).collect();
        let says = |attribute: &str, value: &str| {
            ["'", "\""].iter().any(|quote| header.contains(&format!(" {attribute}={quote}{value}{quote}")))
        };
        assert!(says("to", "example.org"), "{header}");
        assert_eq!(
            says("from", "ana@example.org"),
            self.secured,
            "who we are is said under TLS alone: {header}"
        );
    }

    /// The server's stream header, and features.
    pub async fn answer(&mut self, features: &str) {
        self.say(&format!(
            "<?xml version='1.0'?><stream:stream {NAMESPACES} id='1' from='example.org' version='1.0'>\
             <stream:features>{features}</stream:features>"
        ))
        .await;
    }

    /// The next element, or `None` at the end of the stream or connection.
    pub async fn hear(&mut self) -> Option<Element> {
        loop {
            let trimmed = self.heard.trim_start();
            if trimmed.starts_with("</stream:stream>") {
                self.heard.clear();
                return None;
            }
            for (end, _) in trimmed.match_indices('>') {
                let text = format!("<stream {NAMESPACES}>{}</stream>", &trimmed[..=end]);
                if let Ok(stream) = text.parse::<Element>()
                    && let Some(element) = stream.children().next()
                {
                    let element = element.clone();
                    let rest = end + 1 + self.heard.len() - trimmed.len();
                    self.heard.drain(..rest);
                    return Some(element);
                }
            }
            if !self.listen().await {
                assert!(self.heard.trim().is_empty(), "half an element: {}", self.heard);
                return None;
            }
        }
    }

    /// Hears all up to this many occurrences of `text`, and forgets it.
    pub async fn skim(&mut self, text: &str, mut times: usize) {
        while times > 0 {
            if let Some(at) = self.heard.find(text) {
                self.heard.drain(..at + text.len());
                times -= 1;
                continue;
            }
            // The text may be cut in two.
            let tail = self.heard.len().saturating_sub(text.len());
            self.heard.drain(..tail);
            assert!(self.listen().await, "{times} times more was expected");
        }
    }

    /// The next element, which must be this one.
    pub async fn expect(&mut self, name: &str, namespace: &str) -> Element {
        let element = self.hear().await;
        let element = element.unwrap_or_else(|| panic!("the client left instead of sending {name}"));
        assert!(element.is(name, namespace), "expected {name}, heard {}", String::from(&element));
        element
    }

    pub async fn expect_stanza(&mut self, name: &str) -> Element {
        self.expect(name, "jabber:client").await
    }

    /// `<r/>`, answered.
    pub async fn acknowledge(&mut self, h: u32) {
        self.expect("r", "urn:xmpp:sm:3").await;
        self.say(&format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>")).await;
    }

    /// What the client says it has handled.
    pub async fn handled(&mut self) -> String {
        self.say("<r xmlns='urn:xmpp:sm:3'/>").await;
        self.expect("a", "urn:xmpp:sm:3").await.attr("h").unwrap().to_owned()
    }

    pub async fn start_tls(&mut self) {
        self.open(START_TLS).await;
        self.expect("starttls", "urn:ietf:params:xml:ns:xmpp-tls").await;
        self.say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
        self.secure().await.unwrap();
    }

    pub async fn login(&mut self) {
        self.try_login(PASSWORD, "y,,").await.unwrap();
    }

    /// SCRAM as a server that knows `password` and wants this GS2 header.
    pub async fn try_login(&mut self, password: &str, header: &str) -> Result<(), String> {
        let auth = self.expect("auth", "urn:ietf:params:xml:ns:xmpp-sasl").await;
        let (scram, said, challenge) = ScramServer::start(&STANDARD.decode(auth.text()).unwrap());
        assert_eq!(said, header);
        let mut binding = said.into_bytes();
        if header.starts_with("p=") {
            assert_eq!(auth.attr("mechanism"), Some("SCRAM-SHA-256-PLUS"));
            binding.extend_from_slice(&self.exporter);
        } else {
            assert_eq!(auth.attr("mechanism"), Some("SCRAM-SHA-256"));
        }
        self.say_sasl("challenge", &challenge).await;
        let response = self.expect("response", "urn:ietf:params:xml:ns:xmpp-sasl").await;
        match scram.finish(&STANDARD.decode(response.text()).unwrap(), password, &binding) {
            Ok(proof) => {
                self.say_sasl("success", &proof).await;
                Ok(())
            }
            Err(why) => {
                self.say("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>")
                    .await;
                Err(why)
            }
        }
    }

    pub async fn say_sasl(&mut self, name: &str, data: &[u8]) {
        let data = STANDARD.encode(data);
        self.say(&format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{data}</{name}>")).await;
    }

    pub async fn bind(&mut self) {
        let request = self.expect_stanza("iq").await;
        assert!(request.has_child("bind", "urn:ietf:params:xml:ns:xmpp-bind"));
        let id = request.attr("id").unwrap();
        self.say(&format!(
            "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{FULL_JID}</jid>\
             </bind></iq>"
        ))
        .await;
    }

    pub async fn enable(&mut self, id: &str) {
        let enable = self.expect("enable", "urn:xmpp:sm:3").await;
        assert_eq!(enable.attr("resume"), Some("true"));
        self.say(&format!("<enabled xmlns='urn:xmpp:sm:3' id='{id}' resume='true' max='600'/>")).await;
    }

    /// The client must have said all that it will say, and be gone.
    pub async fn nothing_else(mut self) {
        let left = self.hear().await;
        assert!(left.is_none(), "left over: {left:?}");
    }

    /// Drops the connection without a word.
    pub fn vanish(self) {
        drop(self);
    }
}

/// Waits, but not for ever.
pub async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("nothing happened")
}
