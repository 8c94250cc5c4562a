//! Questions to DNS.
//!
//! SRV records, and addresses by family, come from a resolver of our own, because the system's own call knows no SRV records
//! and waits for both families. It asks the name servers that the shell hands in, else those that the operating system tells
//! programs (on Android and iOS it tells none: there the shell must). What it can't answer, the system's call may:
//! host files, the names of a local network, a virtual private network.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::timeout;

use super::candidate::{Candidate, Service, TlsMode};
use super::memory::{Answer, Family};
use crate::timeouts;

/// Addresses of one host and family that are kept and tried: more than any server has that means well.
const ADDRESSES: usize = 8;

/// SRV records of one kind that are kept.
const SERVICES: usize = 32;

/// How long the system's answers count, which it does not say. It has a memory of its own, so asking again is cheap.
const SYSTEM_LIFETIME: Duration = Duration::from_mins(5);

/// Asks name servers.
pub(crate) struct Resolver(Option<TokioResolver>);

impl Resolver {
    /// One that asks these, or those of the system if there are none.
    pub(crate) fn new(name_servers: &[SocketAddr]) -> Self {
        if name_servers.is_empty() {
            return Self(of_the_system());
        }
        let servers = name_servers.iter().map(|server| {
            let connections = [ProtocolConfig::Udp, ProtocolConfig::Tcp].map(|protocol| {
                let mut connection = ConnectionConfig::new(protocol);
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        let mut options = ResolverOpts::default();
        options.timeout = timeouts::DNS_PACKET;
        let provider = TokioRuntimeProvider::default();
        Self(TokioResolver::builder_with_config(config, provider).with_options(options).build().ok())
    }

    /// The SRV records of one kind; `None` if DNS does not answer.
    pub(crate) async fn services(&self, domain: &str, tls: TlsMode) -> Option<Answer<Service>> {
        let service = match tls {
            TlsMode::Direct => "_xmpps-client",
            TlsMode::StartTls => "_xmpp-client",
        };
        let answer = self.ask(&format!("{service}._tcp.{domain}."), RecordType::SRV).await?;
        Some(answer.only(SERVICES, |data| match data {
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
        }))
    }

    /// The addresses of one family; `None` if DNS does not answer.
    pub(crate) async fn addresses(&self, host: &str, family: Family) -> Option<Answer<IpAddr>> {
        let kind = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        let answer = self.ask(&format!("{}.", host.trim_end_matches('.')), kind).await?;
        Some(answer.only(ADDRESSES, |data| match data {
            RData::A(address) => Some(address.0.into()),
            RData::AAAA(address) => Some(address.0.into()),
            _ => None,
        }))
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Option<Answer<RData>> {
        match timeout(timeouts::DNS, self.0.as_ref()?.lookup(name, kind)).await.ok()? {
            Ok(lookup) => Some(records(&lookup)),
            Err(error) => none_there(&error),
        }
    }
}

/// The final dot keeps search domains of the network out.
fn records(lookup: &Lookup) -> Answer<RData> {
    Answer {
        records: lookup.answers().iter().map(|record| record.data.clone()).collect(),
        lifetime: lookup.valid_until().saturating_duration_since(Instant::now()),
    }
}

/// "There is none" is an answer too, and most domains give it for one kind or the other.
fn none_there(error: &NetError) -> Option<Answer<RData>> {
    use hickory_resolver::net::DnsError;
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => Some(Answer {
            records: Vec::new(),
            lifetime: Duration::from_secs(none.negative_ttl.unwrap_or_default().into()),
        }),
        _ => None,
    }
}

impl Answer<RData> {
    fn only<Record>(self, most: usize, read: impl Fn(&RData) -> Option<Record>) -> Answer<Record> {
        Answer { records: self.records.iter().filter_map(read).take(most).collect(), lifetime: self.lifetime }
    }
}

#[cfg(not(any(target_os = "android", target_os = "ios")))]
fn of_the_system() -> Option<TokioResolver> {
    TokioResolver::builder_tokio().ok()?.build().ok()
}

#[cfg(any(target_os = "android", target_os = "ios"))]
fn of_the_system() -> Option<TokioResolver> {
    None
}

/// What the operating system says.
pub(crate) async fn system_addresses(host: &str) -> Option<Answer<IpAddr>> {
    let found = timeout(timeouts::DNS, tokio::net::lookup_host((host, 0))).await.ok()?.ok()?;
    let records = found.map(|address| address.ip()).take(2 * ADDRESSES).collect();
    Some(Answer { records, lifetime: SYSTEM_LIFETIME })
}
