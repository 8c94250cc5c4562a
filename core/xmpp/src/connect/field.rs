//! The network that a race is run on: real sockets, and DNS behind the memory.
//!
//! What is remembered is given at once. Where its time has passed it is asked for again on the side, by tasks that end with
//! this value.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use futures::future::{BoxFuture, Either, select};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::candidate::{self, Candidate, ServerLocation, Service, TlsMode};
use super::memory::{Family, Question};
use super::nat64::{self, Prefix};
use super::race::Ground;
use super::resolver::{Resolver, system_addresses};
use super::{Connector, Destination, locked};
use crate::error::SessionError;
use crate::timeouts::STAGGER;
use crate::traffic::{Counted, Counters};

/// A connection whose traffic is counted.
pub(super) type Io = Counted<TcpStream>;

/// See the module.
pub(super) struct Field<'a> {
    pub(super) connector: &'a Connector,
    pub(super) to: &'a Destination<'a>,
    counters: &'a Arc<Counters>,
    resolver: OnceLock<Arc<Resolver>>,
    /// Instead of the server of the domain.
    web_server: Option<Candidate>,
    /// Candidates that keep silent are tried as well.
    all: bool,
    /// Some were passed over.
    passed_over: AtomicBool,
    /// Each says whether its answer was another than the one remembered.
    renewing: Arc<Mutex<JoinSet<bool>>>,
}

impl<'a> Field<'a> {
    pub(super) fn new(
        connector: &'a Connector,
        to: &'a Destination<'a>,
        counters: &'a Arc<Counters>,
    ) -> Self {
        let (resolver, renewing) = (OnceLock::new(), Arc::default());
        let passed_over = AtomicBool::new(false);
        Self { connector, to, counters, resolver, web_server: None, all: false, passed_over, renewing }
    }

    /// From now on those that keep silent are tried, too. Says whether that makes a difference.
    pub(super) fn try_all(&mut self) -> bool {
        self.all = true;
        *self.passed_over.get_mut()
    }

    /// The same network, for a web server.
    pub(super) fn of_web_server(&self, server: Candidate) -> Self {
        Self {
            connector: self.connector,
            to: self.to,
            counters: self.counters,
            resolver: self.resolver.clone(),
            web_server: Some(server),
            all: true,
            passed_over: AtomicBool::new(false),
            renewing: Arc::clone(&self.renewing),
        }
    }

    /// Waits for what is being asked again. Says whether anything is different.
    pub(super) async fn renewed(&self) -> bool {
        let mut renewing = self.take_renewing();
        let mut different = false;
        while let Some(result) = renewing.join_next().await {
            different |= result.unwrap_or(false);
        }
        different
    }

    pub(super) fn take_renewing(&self) -> JoinSet<bool> {
        std::mem::take(&mut locked(&self.renewing))
    }

    fn renew(&self, task: impl Future<Output = bool> + Send + 'static) {
        locked(&self.renewing).spawn(task);
    }

    fn question<Kind>(&self, name: &str, kind: Kind) -> Question<Kind> {
        Question { network: self.to.network.id.clone(), name: name.to_owned(), kind }
    }

    fn resolver(&self) -> Arc<Resolver> {
        let made = || Arc::new(Resolver::new(&self.to.network.name_servers));
        Arc::clone(self.resolver.get_or_init(made))
    }

    /// Both kinds of service. The second to answer is waited for as long as an attempt would be.
    async fn services(&self) -> Vec<Service> {
        let direct = pin!(self.services_of(TlsMode::Direct));
        let start = pin!(self.services_of(TlsMode::StartTls));
        let (first, other, missing) = match select(direct, start).await {
            Either::Left((first, other)) => (first, other, TlsMode::StartTls),
            Either::Right((first, other)) => (first, other, TlsMode::Direct),
        };
        let second = if first.is_empty() {
            other.await
        } else if let Ok(second) = timeout(STAGGER, other).await {
            second
        } else {
            self.ask_services_again(missing);
            Vec::new()
        };
        [first, second].concat()
    }

    /// The server's places, as its operator would have them tried.
    async fn servers(&self) -> Result<Vec<Candidate>, SessionError> {
        if let ServerLocation::At { host, port, tls } = self.to.server {
            return Ok(vec![Candidate { host: host.clone(), port: *port, tls: *tls }]);
        }
        if self.to.domain.parse::<IpAddr>().is_ok() {
            return Ok(vec![Candidate::itself(self.to.domain)]);
        }
        let services = self.services().await;
        let none = services.is_empty();
        candidate::ordered(services, none, self.to.domain, &mut *locked(&self.connector.0.random))
    }

    async fn services_of(&self, tls: TlsMode) -> Vec<Service> {
        let question = self.question(self.to.domain, tls);
        let kept = self.connector.memory().services(&question);
        if let Some(kept) = kept {
            if kept.stale {
                self.ask_services_again(tls);
            }
            return kept.records;
        }
        match self.resolver().services(self.to.domain, tls).await {
            Some(answer) => {
                let records = answer.records.clone();
                self.connector.memory().keep_services(question, answer);
                records
            }
            None => Vec::new(),
        }
    }

    fn ask_services_again(&self, tls: TlsMode) {
        let question = self.question(self.to.domain, tls);
        let (connector, resolver) = (self.connector.clone(), self.resolver());
        self.renew(async move {
            let Some(answer) = resolver.services(&question.name, tls).await else { return false };
            let mut memory = connector.memory();
            let before = memory.services(&question).map(|kept| kept.records);
            let different = before.is_none_or(|before| before != answer.records);
            memory.keep_services(question, answer);
            different
        });
    }

    async fn addresses_of(&self, host: &str, family: Family) -> Vec<IpAddr> {
        let question = self.question(host, family);
        let kept = self.connector.memory().addresses(&question);
        if let Some(kept) = kept {
            if kept.stale {
                self.ask_addresses_again(question);
            }
            return kept.records;
        }
        match self.resolver().addresses(host, family).await {
            Some(answer) => {
                let records = answer.records.clone();
                self.connector.memory().keep_addresses(question, answer);
                records
            }
            None => Vec::new(),
        }
    }

    fn ask_addresses_again(&self, question: Question<Family>) {
        let (connector, resolver) = (self.connector.clone(), self.resolver());
        self.renew(async move {
            let Some(answer) = resolver.addresses(&question.name, question.kind).await else { return false };
            let mut memory = connector.memory();
            let before = memory.addresses(&question).map(|kept| kept.records).unwrap_or_default();
            // What the system found where name servers knew nothing stays.
            if answer.records.is_empty() && !before.is_empty() {
                return false;
            }
            let different = before != answer.records;
            memory.keep_addresses(question, answer);
            different
        });
    }
}

impl Ground for Field<'_> {
    type Io = Io;

    fn candidates(&self) -> BoxFuture<'_, Result<Vec<Candidate>, SessionError>> {
        Box::pin(async {
            if let Some(server) = &self.web_server {
                return Ok(vec![server.clone()]);
            }
            let candidates = self.servers().await?;
            let network = self.to.network.id.as_ref();
            let (mut candidates, silent) = self.connector.memory().by_silence(network, candidates);
            if self.all {
                candidates.extend(silent);
            } else if !silent.is_empty() {
                self.passed_over.store(true, Ordering::Relaxed);
            }
            Ok(candidates)
        })
    }

    fn addresses(&self, host: String, family: Family) -> BoxFuture<'_, Vec<IpAddr>> {
        Box::pin(async move { self.addresses_of(&host, family).await })
    }

    fn system_addresses(&self, host: String) -> BoxFuture<'_, Vec<IpAddr>> {
        Box::pin(async move {
            let Some(answer) = system_addresses(&host).await else { return Vec::new() };
            for (family, v4) in [(Family::V4, true), (Family::V6, false)] {
                let mut of_family = answer.clone();
                of_family.records.retain(|address| address.is_ipv4() == v4);
                let question = self.question(&host, family);
                self.connector.memory().keep_addresses(question, of_family);
            }
            answer.records
        })
    }

    fn prefix(&self) -> BoxFuture<'_, Option<Prefix>> {
        Box::pin(async {
            let mut addresses = self.addresses_of(nat64::WELL_KNOWN_NAME, Family::V6).await;
            if addresses.is_empty() {
                addresses = self.system_addresses(nat64::WELL_KNOWN_NAME.to_owned()).await;
            }
            addresses.into_iter().find_map(|address| match address {
                IpAddr::V6(address) => Prefix::found_in(address),
                IpAddr::V4(_) => None,
            })
        })
    }

    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Io>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            // Stanzas are small and awaited: without this the system holds them back for 40 ms and more. TCP keepalive stays
            // off, as the system has it: who asks for signs of life, and when, is decided above.
            stream.set_nodelay(true)?;
            Ok(Counted::new(stream, Arc::clone(self.counters)))
        })
    }
}
