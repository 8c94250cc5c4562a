//! Which candidate connects first: Happy Eyeballs (RFC 8305), over addresses and over SRV targets.
//!
//! One attempt starts at a time, the next one after [`STAGGER`] or as soon as one fails; the first that connects wins and the
//! others are dropped. Each attempt differs from the one before in its target and in its family, as far as there is a choice:
//! a target that swallows packets, or a network whose IPv6 leads nowhere, then costs one stagger and not a timeout.
//!
//! Nothing here knows TLS. Where a winner turns out to be of no use, [`Race::lost`] says so and [`Race::next`] goes on.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until, timeout};

use super::candidate::{Candidate, TlsMode};
use super::memory::Family;
use super::nat64::Prefix;
use super::tried::Tried;
use crate::error::SessionError;
use crate::timeouts::{RESOLUTION_DELAY, STAGGER};

/// What a race is run on: the network, or a made-up one.
pub(crate) trait Ground: Sync {
    /// An open connection.
    type Io: Send;

    /// The places to try, best first.
    fn candidates(&self) -> BoxFuture<'_, Result<Vec<Candidate>, SessionError>>;
    /// Addresses of a host; none if there are none, or DNS does not answer.
    fn addresses(&self, host: String, family: Family) -> BoxFuture<'_, Vec<IpAddr>>;
    /// The last resort for a host of which DNS knows none.
    fn system_addresses(&self, host: String) -> BoxFuture<'_, Vec<IpAddr>>;
    /// How IPv4 is reached on this network if it has only IPv6.
    fn prefix(&self) -> BoxFuture<'_, Option<Prefix>>;
    /// Connects.
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Self::Io>>;
}

/// One address of one candidate.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) candidate: Candidate,
    pub(crate) address: SocketAddr,
}

/// What DNS found out.
enum Found {
    Candidates(Result<Vec<Candidate>, SessionError>),
    Addresses(String, Family, Vec<IpAddr>),
    System(String, Vec<IpAddr>),
    Prefix(Option<Prefix>),
}

/// A candidate in its place of the order.
struct Lane {
    candidate: Candidate,
    started: usize,
}

/// What is known of a host's addresses.
#[derive(Default)]
struct Host {
    v4: Option<(Vec<IpAddr>, Instant)>,
    v6: Option<(Vec<IpAddr>, Instant)>,
    /// The operating system is being asked.
    last_resort: bool,
}

impl Host {
    fn literal(address: IpAddr) -> Self {
        let now = Instant::now();
        let (v4, v6) =
            if address.is_ipv4() { (vec![address], Vec::new()) } else { (Vec::new(), vec![address]) };
        Self { v4: Some((v4, now)), v6: Some((v6, now)), last_resort: false }
    }

    fn addresses(&self) -> impl Iterator<Item = &IpAddr> {
        self.v6.iter().chain(&self.v4).flat_map(|(addresses, _)| addresses)
    }

    fn is_settled(&self) -> bool {
        self.v4.is_some() && self.v6.is_some() && !self.last_resort
    }

    /// From when on its addresses may be used (RFC 8305 §3): IPv6 at once, IPv4 when IPv6 had its chance to answer.
    fn usable_from(&self) -> Option<Instant> {
        match (&self.v6, &self.v4) {
            (Some((v6, at)), _) if !v6.is_empty() => Some(*at),
            (Some((_, one)), Some((v4, other))) if !v4.is_empty() => Some(*one.max(other)),
            (None, Some((v4, at))) if !v4.is_empty() => Some(*at + RESOLUTION_DELAY),
            _ => None,
        }
    }
}

/// How an attempt ended: connected, out of time (`None`), or failed.
type Ended<Io> = (Attempt, io::Result<Option<Io>>);

/// Whether the network translates IPv4.
enum Translation {
    /// Nobody needed to know.
    Unasked,
    Asked,
    Known(Option<Prefix>),
}

/// One race.
pub(crate) struct Race<'g, G: Ground> {
    ground: &'g G,
    /// For one attempt.
    deadline: Duration,
    finding: FuturesUnordered<BoxFuture<'g, Found>>,
    running: FuturesUnordered<BoxFuture<'g, Ended<G::Io>>>,
    in_flight: Vec<Attempt>,
    lanes: Vec<Lane>,
    hosts: HashMap<String, Host>,
    /// To be started before any lane: the way that worked last, those dropped for a winner that lost, those made for NAT64.
    first: VecDeque<Attempt>,
    started: HashSet<(TlsMode, SocketAddr)>,
    last_family: Family,
    not_before: Instant,
    translation: Translation,
    awaiting_prefix: Vec<(Candidate, Ipv4Addr)>,
    tried: Tried,
    fatal: Option<SessionError>,
}

impl<'g, G: Ground> Race<'g, G> {
    /// A race that begins with `first`, if there is something that is known to have worked.
    pub(crate) fn new(ground: &'g G, deadline: Duration, first: Option<Attempt>) -> Self {
        let finding = FuturesUnordered::<BoxFuture<'g, Found>>::new();
        finding.push(Box::pin(async { Found::Candidates(ground.candidates().await) }));
        Self {
            ground,
            deadline,
            finding,
            running: FuturesUnordered::new(),
            in_flight: Vec::new(),
            lanes: Vec::new(),
            hosts: HashMap::new(),
            first: first.into_iter().collect(),
            started: HashSet::new(),
            // So that IPv6 is first (RFC 8305 §4).
            last_family: Family::V4,
            not_before: Instant::now(),
            translation: Translation::Unasked,
            awaiting_prefix: Vec::new(),
            tried: Tried::default(),
            fatal: None,
        }
    }

    /// The first that connects; `None` when nothing is left.
    pub(crate) async fn next(&mut self) -> Option<(Attempt, G::Io)> {
        loop {
            let wake = self.start_what_is_due();
            tokio::select! {
                biased;
                Some((attempt, result)) = self.running.next(), if !self.running.is_empty() => {
                    self.in_flight.retain(|other| *other != attempt);
                    let error = match result {
                        Ok(Some(io)) => {
                            self.drop_the_others();
                            return Some((attempt, io));
                        }
                        Ok(None) => SessionError::NoAnswer("connecting"),
                        Err(error) => {
                            self.translate_if_unreachable(&attempt, error.kind());
                            SessionError::Network(error.kind())
                        }
                    };
                    self.lost(&attempt, error);
                }
                Some(found) = self.finding.next(), if !self.finding.is_empty() => self.found(found),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
                else => return None,
            }
        }
    }

    /// An attempt was of no use after all.
    pub(crate) fn lost(&mut self, attempt: &Attempt, error: SessionError) {
        self.tried.add(attempt.candidate.tls.into(), error);
        self.not_before = Instant::now();
    }

    /// What failed, and what ended the race before it began.
    pub(crate) fn into_failures(self) -> (Tried, Option<SessionError>) {
        (self.tried, self.fatal)
    }

    /// A winner that fails later must not have cost the others their chance.
    fn drop_the_others(&mut self) {
        self.running.clear();
        self.first.extend(self.in_flight.drain(..));
    }

    /// Starts at most one attempt and says when to look again, if only time is missing.
    fn start_what_is_due(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let pace = if self.running.is_empty() { now } else { self.not_before };
        let at = if self.first.is_empty() { self.lanes_usable_from()? } else { now };
        let at = at.max(pace);
        if at > now {
            return Some(at);
        }
        let attempt = match self.first.pop_front() {
            Some(attempt) => attempt,
            None => self.best(now)?,
        };
        self.start(attempt);
        self.not_before = now + STAGGER;
        Some(self.not_before)
    }

    fn start(&mut self, attempt: Attempt) {
        self.started.insert((attempt.candidate.tls, attempt.address));
        self.last_family = if attempt.address.is_ipv4() { Family::V4 } else { Family::V6 };
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.candidate == attempt.candidate) {
            lane.started += 1;
        }
        self.in_flight.push(attempt.clone());
        let (ground, deadline) = (self.ground, self.deadline);
        self.running.push(Box::pin(async move {
            let result = timeout(deadline, ground.dial(attempt.address)).await;
            (attempt, result.map_or(Ok(None), |result| result.map(Some)))
        }));
    }

    /// When the next address of any lane may be tried; the pace of attempts aside.
    fn lanes_usable_from(&self) -> Option<Instant> {
        let mut waiting_for_better = false;
        let mut earliest: Option<Instant> = None;
        for lane in &self.lanes {
            let Some(host) = self.hosts.get(&lane.candidate.host) else { continue };
            if let Some(from) = host.usable_from().filter(|_| self.addresses_left(lane).next().is_some()) {
                // A better target whose addresses are still looked up gets as long as a second family does.
                let from = if waiting_for_better { from + RESOLUTION_DELAY } else { from };
                earliest = Some(earliest.map_or(from, |earliest| earliest.min(from)));
            }
            waiting_for_better |= host.usable_from().is_none() && !host.is_settled();
        }
        earliest
    }

    fn addresses_left<'s>(&'s self, lane: &'s Lane) -> impl Iterator<Item = SocketAddr> + 's {
        let candidate = &lane.candidate;
        let host = self.hosts.get(&candidate.host);
        host.into_iter()
            .flat_map(Host::addresses)
            .map(|address| SocketAddr::new(*address, candidate.port))
            .filter(|address| !self.started.contains(&(candidate.tls, *address)))
    }

    /// The target that was tried least, in the order of targets; of its addresses one of the other family than the last.
    fn best(&self, now: Instant) -> Option<Attempt> {
        let usable = |lane: &&Lane| {
            let from = self.hosts.get(&lane.candidate.host).and_then(Host::usable_from);
            from.is_some_and(|from| from <= now) && self.addresses_left(lane).next().is_some()
        };
        // The first of equals is the better one.
        let lane = self.lanes.iter().filter(usable).min_by_key(|lane| lane.started)?;
        let other_family = |address: &SocketAddr| address.is_ipv4() != (self.last_family == Family::V4);
        let address =
            self.addresses_left(lane).find(other_family).or_else(|| self.addresses_left(lane).next())?;
        Some(Attempt { candidate: lane.candidate.clone(), address })
    }

    fn found(&mut self, found: Found) {
        match found {
            Found::Candidates(Err(error)) => self.fatal = Some(error),
            Found::Candidates(Ok(candidates)) => candidates.into_iter().for_each(|each| self.enter(each)),
            Found::Addresses(name, family, addresses) => {
                let Some(host) = self.hosts.get_mut(&name) else { return };
                let answer = Some((addresses, Instant::now()));
                match family {
                    Family::V4 => host.v4 = answer,
                    Family::V6 => host.v6 = answer,
                }
                if host.is_settled() && host.addresses().next().is_none() {
                    host.last_resort = true;
                    let ground = self.ground;
                    self.finding.push(Box::pin(async move {
                        let addresses = ground.system_addresses(name.clone()).await;
                        Found::System(name, addresses)
                    }));
                }
            }
            Found::System(name, addresses) => {
                let Some(host) = self.hosts.get_mut(&name) else { return };
                let now = Instant::now();
                let (v4, v6) = addresses.into_iter().partition(IpAddr::is_ipv4);
                *host = Host { v4: Some((v4, now)), v6: Some((v6, now)), last_resort: false };
                if host.addresses().next().is_none() {
                    let lanes = self.lanes.iter().filter(|lane| lane.candidate.host == name);
                    for lane in lanes {
                        self.tried.add(lane.candidate.tls.into(), SessionError::UnknownHost);
                    }
                }
            }
            Found::Prefix(prefix) => {
                self.translation = Translation::Known(prefix);
                for (candidate, address) in std::mem::take(&mut self.awaiting_prefix) {
                    self.translate(candidate, address);
                }
            }
        }
    }

    /// A candidate takes its place; its host is looked up unless another candidate's was the same.
    fn enter(&mut self, candidate: Candidate) {
        let started = self
            .started
            .iter()
            .filter(|(tls, address)| *tls == candidate.tls && address.port() == candidate.port);
        let started = started.count();
        let name = candidate.host.clone();
        self.lanes.push(Lane { candidate, started });
        if self.hosts.contains_key(&name) {
            return;
        }
        let host = name.parse::<IpAddr>().map_or_else(|_| self.look_up(&name), Host::literal);
        self.hosts.insert(name, host);
    }

    /// Both families are asked for at once, and answer when they can.
    fn look_up(&self, name: &str) -> Host {
        for family in [Family::V6, Family::V4] {
            let (ground, name) = (self.ground, name.to_owned());
            self.finding.push(Box::pin(async move {
                let addresses = ground.addresses(name.clone(), family).await;
                Found::Addresses(name, family, addresses)
            }));
        }
        Host::default()
    }

    /// Without a route for IPv4 the network may translate (RFC 8305 §7.1).
    fn translate_if_unreachable(&mut self, attempt: &Attempt, error: io::ErrorKind) {
        use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkUnreachable};
        let IpAddr::V4(address) = attempt.address.ip() else { return };
        let translated = self.hosts.get(&attempt.candidate.host).is_some_and(|host| {
            // DNS64 did it.
            host.v6.as_ref().is_some_and(|(addresses, _)| !addresses.is_empty())
        });
        if translated || !matches!(error, AddrNotAvailable | HostUnreachable | NetworkUnreachable) {
            return;
        }
        match self.translation {
            Translation::Known(_) => self.translate(attempt.candidate.clone(), address),
            Translation::Asked => self.awaiting_prefix.push((attempt.candidate.clone(), address)),
            Translation::Unasked => {
                self.translation = Translation::Asked;
                self.awaiting_prefix.push((attempt.candidate.clone(), address));
                let ground = self.ground;
                self.finding.push(Box::pin(async { Found::Prefix(ground.prefix().await) }));
            }
        }
    }

    fn translate(&mut self, candidate: Candidate, address: Ipv4Addr) {
        if let Translation::Known(Some(prefix)) = self.translation {
            let address = SocketAddr::new(prefix.of(address).into(), candidate.port);
            if !self.started.contains(&(candidate.tls, address)) {
                self.first.push_back(Attempt { candidate, address });
            }
        }
    }
}

#[cfg(test)]
mod tests;
