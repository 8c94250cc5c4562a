//! From an account's domain to an open socket: DNS (RFC 6120 §3.2, XEP-0368), TCP.
//!
//! Candidates are tried one after the other, direct TLS first among equals. Racing them, and remembering which one won,
//! belong here when they come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::error::SessionError;
use crate::timeouts;
use crate::traffic::{Counted, Counters};

/// Port of XMPP with STARTTLS where DNS names none (RFC 6120 §14.7).
pub(crate) const DEFAULT_PORT: u16 = 5222;

/// The usual port of XMPP with TLS from the first byte; none is registered.
pub(crate) const DEFAULT_DIRECT_PORT: u16 = 5223;

/// Where the server is.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum ServerLocation {
    /// Where DNS says: SRV records of `_xmpps-client` and `_xmpp-client`, else port 5222 of the domain itself.
    #[default]
    Lookup,
    /// Here, whatever DNS says. The certificate must still name the account's domain.
    At {
        /// Host name or IP address.
        host: String,
        /// TCP port.
        port: u16,
        /// How TLS starts.
        tls: TlsMode,
    },
}

/// How TLS starts. There is no mode without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsMode {
    /// From the first byte (XEP-0368).
    Direct,
    /// After `<starttls/>` (RFC 6120 §5).
    StartTls,
}

/// One place to try.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    host: String,
    port: u16,
    pub(crate) tls: TlsMode,
}

/// An SRV record (RFC 2782).
#[derive(Clone, PartialEq, Eq)]
struct Service {
    priority: u16,
    weight: u16,
    candidate: Candidate,
}

/// The candidates for `domain` (in ASCII form), best first; never empty.
pub(crate) async fn candidates(
    location: &ServerLocation,
    domain: &str,
) -> Result<Vec<Candidate>, SessionError> {
    if let ServerLocation::At { host, port, tls } = location {
        return Ok(vec![Candidate { host: host.clone(), port: *port, tls: *tls }]);
    }
    let itself = Candidate { host: domain.to_owned(), port: DEFAULT_PORT, tls: TlsMode::StartTls };
    if domain.parse::<std::net::IpAddr>().is_ok() {
        return Ok(vec![itself]);
    }
    let (direct, start) =
        tokio::join!(services(domain, TlsMode::Direct), services(domain, TlsMode::StartTls));
    ordered(direct, start, itself)
}

/// Merges the two answers (XEP-0368 §3.1); `None` is "no such records".
fn ordered(
    direct: Option<Vec<Service>>,
    start: Option<Vec<Service>>,
    itself: Candidate,
) -> Result<Vec<Candidate>, SessionError> {
    let published = direct.is_some() || start.is_some();
    let mut all: Vec<Service> = direct.into_iter().chain(start).flatten().collect();
    // A single target of "." means "decidedly not here" (RFC 2782).
    all.retain(|service| !matches!(service.candidate.host.as_str(), "" | "."));
    if all.is_empty() {
        return if published { Err(SessionError::NoService) } else { Ok(vec![itself]) };
    }
    // The sort is stable, and the direct ones were put first.
    all.sort_by_key(|service| (service.priority, std::cmp::Reverse(service.weight)));
    Ok(all.into_iter().map(|service| service.candidate).collect())
}

/// SRV records of one service; `None` if there are none or DNS does not answer: then the plain address must do.
#[cfg(not(target_os = "android"))]
async fn services(domain: &str, tls: TlsMode) -> Option<Vec<Service>> {
    use hickory_resolver::TokioResolver;
    use hickory_resolver::proto::rr::RData;

    let service = match tls {
        TlsMode::Direct => "_xmpps-client",
        TlsMode::StartTls => "_xmpp-client",
    };
    let resolver = TokioResolver::builder_tokio().ok()?.build().ok()?;
    // The final dot keeps search domains of the network out.
    let name = format!("{service}._tcp.{domain}.");
    let answer = timeout(timeouts::DNS, resolver.srv_lookup(name)).await.ok()?.ok()?;
    let records = answer.answers().iter().filter_map(|record| match &record.data {
        RData::SRV(srv) => Some(Service {
            priority: srv.priority,
            weight: srv.weight,
            candidate: Candidate {
                host: srv.target.to_ascii().trim_end_matches('.').to_owned(),
                port: srv.port,
                tls,
            },
        }),
        _ => None,
    });
    let records: Vec<_> = records.collect();
    (!records.is_empty()).then_some(records)
}

/// On Android the resolver's way to the system configuration panics outside an activity; the domain itself must do until the
/// shell hands DNS servers in.
#[cfg(target_os = "android")]
async fn services(_domain: &str, _tls: TlsMode) -> Option<Vec<Service>> {
    None
}

/// Opens a connection to the first address of the candidate that answers.
pub(crate) async fn open(
    candidate: &Candidate,
    deadline: Duration,
    counters: Arc<Counters>,
) -> Result<Counted<TcpStream>, SessionError> {
    let addresses = match timeout(timeouts::DNS, lookup_host((candidate.host.as_str(), candidate.port))).await
    {
        Ok(Ok(addresses)) => addresses.collect::<Vec<SocketAddr>>(),
        Ok(Err(_)) => return Err(SessionError::UnknownHost),
        Err(_) => return Err(SessionError::NoAnswer("looking up the name")),
    };
    let mut last = SessionError::UnknownHost;
    for address in addresses {
        match timeout(deadline, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Stanzas are small and awaited: without this the system holds them back for 40 ms and more.
                if let Err(error) = stream.set_nodelay(true) {
                    last = SessionError::Network(error.kind());
                    continue;
                }
                return Ok(Counted::new(stream, counters));
            }
            Ok(Err(error)) => last = SessionError::Network(error.kind()),
            Err(_) => last = SessionError::NoAnswer("connecting"),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(priority: u16, weight: u16, host: &str, tls: TlsMode) -> Service {
        Service { priority, weight, candidate: Candidate { host: host.to_owned(), port: 1, tls } }
    }

    fn itself() -> Candidate {
        Candidate { host: "example.org".to_owned(), port: DEFAULT_PORT, tls: TlsMode::StartTls }
    }

    fn hosts(result: Result<Vec<Candidate>, SessionError>) -> Vec<String> {
        result.ok().unwrap().into_iter().map(|candidate| candidate.host).collect()
    }

    #[test]
    fn both_kinds_are_merged_by_priority_with_direct_tls_first_among_equals() {
        let direct =
            vec![service(5, 0, "direct-5", TlsMode::Direct), service(1, 0, "direct-1", TlsMode::Direct)];
        let start =
            vec![service(5, 9, "heavy-5", TlsMode::StartTls), service(1, 0, "start-1", TlsMode::StartTls)];
        assert_eq!(
            hosts(ordered(Some(direct), Some(start), itself())),
            ["direct-1", "start-1", "heavy-5", "direct-5"]
        );
    }

    #[test]
    fn without_records_the_domain_itself_is_tried_and_with_a_dot_nothing_is() {
        assert_eq!(hosts(ordered(None, None, itself())), ["example.org"]);
        let none = vec![service(0, 0, "", TlsMode::StartTls)];
        assert_eq!(ordered(None, Some(none), itself()).err(), Some(SessionError::NoService));
        let none = vec![service(0, 0, "", TlsMode::Direct)];
        let some = vec![service(0, 0, "start", TlsMode::StartTls)];
        assert_eq!(hosts(ordered(Some(none), Some(some), itself())), ["start"]);
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_is_an_unknown_host() {
        let location =
            ServerLocation::At { host: "nowhere.invalid".to_owned(), port: 1, tls: TlsMode::Direct };
        let candidates = candidates(&location, "nowhere.invalid").await.unwrap();
        let opened = open(&candidates[0], timeouts::TCP_CONNECT, Arc::default()).await;
        assert_eq!(opened.err(), Some(SessionError::UnknownHost));
    }
}
