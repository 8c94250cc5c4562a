//! Servers on loopback: DNS, TLS, web, and places that swallow packets.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_websockets::ServerBuilder;

use crate::connect::TlsMode;
use crate::tls::{Pin, Trust};

/// How long DNS says that its answers count.
pub(super) const LIFETIME: u32 = 120;

/// What DNS has, by name and kind.
type Records = HashMap<(String, RecordType), Vec<RData>>;

/// DNS under script.
pub(super) struct Dns {
    pub(super) address: SocketAddr,
    records: Arc<Mutex<Records>>,
    questions: Arc<AtomicUsize>,
    silent: Arc<AtomicBool>,
}

impl Dns {
    pub(super) async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let dns = Self {
            address: socket.local_addr().unwrap(),
            records: Arc::default(),
            questions: Arc::default(),
            silent: Arc::default(),
        };
        let (records, questions, silent) =
            (Arc::clone(&dns.records), Arc::clone(&dns.questions), Arc::clone(&dns.silent));
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            loop {
                let (length, from) = socket.recv_from(&mut packet).await.unwrap();
                let question = Message::from_vec(&packet[..length]).unwrap();
                let query = question.queries[0].clone();
                questions.fetch_add(1, Ordering::SeqCst);
                if silent.load(Ordering::SeqCst) {
                    continue;
                }
                let name = query.name().to_ascii().to_lowercase();
                let found = records.lock().unwrap().get(&(name, query.query_type())).cloned();
                let mut answer = Message::response(question.metadata.id, OpCode::Query);
                answer.metadata.recursion_available = true;
                if found.is_none() {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                }
                for data in found.into_iter().flatten() {
                    answer.add_answer(Record::from_rdata(query.name().clone(), LIFETIME, data));
                }
                answer.add_query(query);
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        dns
    }

    /// Replaces the SRV records of one kind: priority, port, host.
    pub(super) fn services(&self, tls: TlsMode, services: &[(u16, u16, &str)]) {
        let name = match tls {
            TlsMode::Direct => "_xmpps-client._tcp.example.org.",
            TlsMode::StartTls => "_xmpp-client._tcp.example.org.",
        };
        let services = services.iter().map(|(priority, port, host)| {
            RData::SRV(SRV::new(*priority, 0, *port, Name::from_ascii(host).unwrap()))
        });
        self.records.lock().unwrap().insert((name.to_owned(), RecordType::SRV), services.collect());
    }

    pub(super) fn host(&self, host: &str, addresses: &[&str]) {
        let mut records = self.records.lock().unwrap();
        for kind in [RecordType::A, RecordType::AAAA] {
            let of_kind = addresses.iter().filter_map(|text| match (text.parse().unwrap(), kind) {
                (IpAddr::V4(address), RecordType::A) => Some(RData::A(A(address))),
                (IpAddr::V6(address), RecordType::AAAA) => Some(RData::AAAA(AAAA(address))),
                _ => None,
            });
            records.insert((host.to_owned(), kind), of_kind.collect());
        }
    }

    /// How often anything was asked.
    pub(super) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    pub(super) fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }
}

/// An authority and what it vouches for.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn trust(&self) -> Trust {
        Trust::ExtraCa(self.0.pem().into_bytes())
    }

    /// A server's side of TLS, and the pin of its key.
    pub(super) fn server(&self, name: &str) -> (TlsAcceptor, Pin) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = params.signed_by(&key, &self.0).unwrap().der().clone();
        let pin = Pin::of(&certificate).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)
                .unwrap();
        (TlsAcceptor::from(Arc::new(config)), pin)
    }
}

/// A listener that takes every connection and counts them.
pub(super) struct Listening {
    pub(super) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Listening {
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn with<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(socket));
            }
        });
        Self { port, connections }
    }

    /// Says nothing.
    pub(super) async fn plain() -> Self {
        Self::with(|mut socket| async move {
            let _ = socket.read(&mut [0; 1]).await;
        })
        .await
    }

    /// Shakes hands, and tells the client so.
    pub(super) async fn tls(acceptor: TlsAcceptor) -> Self {
        Self::secured(acceptor, |mut stream| async move {
            // With the first bytes go the tickets.
            let _ = stream.write_all(b"hello").await;
            let _ = stream.read(&mut [0; 1]).await;
        })
        .await
    }

    /// A web server with these pages.
    pub(super) async fn web(acceptor: TlsAcceptor, pages: Vec<(&'static str, String)>) -> Self {
        let pages = Arc::new(pages);
        Self::secured(acceptor, move |mut stream| {
            let pages = Arc::clone(&pages);
            async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => return,
                    }
                }
                let request = String::from_utf8(request).unwrap();
                let page =
                    pages.iter().find(|(path, _)| request.starts_with(&format!("GET {path} HTTP/1.1\r\n")));
                let answer = match page {
                    Some((_, page)) => {
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len())
                    }
                    None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
                };
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    /// WebSocket that says nothing.
    pub(super) async fn web_socket(acceptor: TlsAcceptor) -> Self {
        Self::secured(acceptor, |stream| async move {
            let builder = ServerBuilder::new()
                .add_header(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("xmpp"))
                .unwrap();
            let Ok((request, mut stream)) = builder.accept(stream).await else { return };
            assert_eq!(request.headers()[SEC_WEBSOCKET_PROTOCOL], "xmpp");
            let _ = futures::StreamExt::next(&mut stream).await;
        })
        .await
    }

    async fn secured<F>(
        acceptor: TlsAcceptor,
        serve: impl Fn(TlsStream<TcpStream>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::with(move |socket| {
            let (acceptor, serve) = (acceptor.clone(), serve.clone());
            async move {
                if let Ok(stream) = acceptor.accept(socket).await {
                    serve(stream).await;
                }
            }
        })
        .await
    }
}

/// A port at which nobody listens.
pub(super) async fn refused() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port()
}

/// A port that swallows what is sent to it: the system drops connections to a listener whose queue is full.
pub(super) struct BlackHole {
    pub(super) port: u16,
    _held: (TcpListener, Vec<TcpStream>),
}

impl BlackHole {
    pub(super) async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        while let Ok(connected) = timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
            held.push(connected.unwrap());
            assert!(held.len() < 100, "this system's queue is never full");
        }
        Self { port: address.port(), _held: (listener, held) }
    }
}
