//! Races on a made-up network, in virtual time.

use std::collections::HashMap;
use std::sync::Mutex;

use heliograph_model::ErrorCode;
use tokio::time::sleep;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(8);

/// What an address does when it is dialled.
#[derive(Clone, Copy)]
enum Does {
    Connect(u64),
    Refuse(u64),
    Swallow,
    NoRoute,
}

/// A network under script. Names and addresses that are not in it do not exist.
#[derive(Default)]
struct Scene {
    candidates: Vec<Candidate>,
    /// Milliseconds until the SRV records are there.
    candidates_after: u64,
    names: HashMap<(&'static str, Family), (u64, Vec<IpAddr>)>,
    hosts: HashMap<&'static str, Does>,
    prefix: Option<Prefix>,
    started: Option<Instant>,
    dialled: Mutex<Vec<(u64, String)>>,
}

impl Scene {
    fn new(candidates: &[(&str, u16, TlsMode)]) -> Self {
        let candidates = candidates.iter().map(|(host, port, tls)| Candidate {
            host: (*host).to_owned(),
            port: *port,
            tls: *tls,
        });
        Self { candidates: candidates.collect(), started: Some(Instant::now()), ..Self::default() }
    }

    fn name(mut self, name: &'static str, after: u64, addresses: &[&str]) -> Self {
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let (v4, v6) = addresses.into_iter().partition(IpAddr::is_ipv4);
        self.names.insert((name, Family::V4), (after, v4));
        self.names.entry((name, Family::V6)).or_insert((after, v6));
        self
    }

    fn v6_after(mut self, name: &'static str, after: u64, address: &str) -> Self {
        self.names.insert((name, Family::V6), (after, vec![address.parse().unwrap()]));
        self
    }

    fn host(mut self, address: &'static str, does: Does) -> Self {
        self.hosts.insert(address, does);
        self
    }

    fn elapsed(&self) -> u64 {
        self.started.unwrap().elapsed().as_millis() as u64
    }

    fn dialled(&self) -> Vec<(u64, String)> {
        self.dialled.lock().unwrap().clone()
    }

    async fn winner(&self) -> Option<String> {
        let mut race = Race::new(self, TIMEOUT, None);
        race.next().await.map(|(attempt, ())| attempt.address.to_string())
    }
}

impl Ground for Scene {
    type Io = ();

    fn candidates(&self) -> BoxFuture<'_, Result<Vec<Candidate>, SessionError>> {
        Box::pin(async {
            sleep(Duration::from_millis(self.candidates_after)).await;
            Ok(self.candidates.clone())
        })
    }

    fn addresses(&self, host: String, family: Family) -> BoxFuture<'_, Vec<IpAddr>> {
        Box::pin(async move {
            match self.names.iter().find(|((name, of), _)| *name == host && *of == family) {
                Some((_, (after, addresses))) => {
                    sleep(Duration::from_millis(*after)).await;
                    addresses.clone()
                }
                None => Vec::new(),
            }
        })
    }

    fn system_addresses(&self, _: String) -> BoxFuture<'_, Vec<IpAddr>> {
        Box::pin(async { Vec::new() })
    }

    fn prefix(&self) -> BoxFuture<'_, Option<Prefix>> {
        Box::pin(async { self.prefix })
    }

    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move {
            let address = address.to_string();
            self.dialled.lock().unwrap().push((self.elapsed(), address.clone()));
            match self.hosts.get(address.as_str()).unwrap() {
                Does::Connect(after) => {
                    sleep(Duration::from_millis(*after)).await;
                    Ok(())
                }
                Does::Refuse(after) => {
                    sleep(Duration::from_millis(*after)).await;
                    Err(io::ErrorKind::ConnectionRefused.into())
                }
                Does::NoRoute => Err(io::ErrorKind::NetworkUnreachable.into()),
                Does::Swallow => std::future::pending().await,
            }
        })
    }
}

fn at(entries: &[(u64, &str)]) -> Vec<(u64, String)> {
    entries.iter().map(|(at, address)| (*at, (*address).to_owned())).collect()
}

const DIRECT: (&str, u16, TlsMode) = ("one", 5223, TlsMode::Direct);
const START: (&str, u16, TlsMode) = ("one", 5222, TlsMode::StartTls);

#[tokio::test(start_paused = true)]
async fn a_target_that_swallows_packets_costs_one_stagger() {
    let scene = Scene::new(&[("black hole", 5223, TlsMode::Direct), ("good", 5222, TlsMode::StartTls)])
        .name("black hole", 0, &["192.0.2.1", "2001:db8::1"])
        .name("good", 0, &["192.0.2.2"])
        .host("[2001:db8::1]:5223", Does::Swallow)
        .host("192.0.2.2:5222", Does::Connect(30));
    assert_eq!(scene.winner().await.unwrap(), "192.0.2.2:5222");
    assert_eq!(scene.elapsed(), 280);
}

#[tokio::test(start_paused = true)]
async fn a_network_whose_ipv6_leads_nowhere_costs_one_stagger_too() {
    let scene = Scene::new(&[DIRECT, START])
        .name("one", 0, &["192.0.2.1", "2001:db8::1"])
        .host("[2001:db8::1]:5223", Does::Swallow)
        .host("192.0.2.1:5222", Does::Connect(30));
    assert_eq!(scene.winner().await.unwrap(), "192.0.2.1:5222");
    assert_eq!(scene.elapsed(), 280);
}

#[tokio::test(start_paused = true)]
async fn direct_tls_has_a_head_start_that_a_slow_link_does_not_take_away() {
    let scene = Scene::new(&[DIRECT, START])
        .name("one", 0, &["192.0.2.1"])
        .host("192.0.2.1:5223", Does::Connect(600))
        .host("192.0.2.1:5222", Does::Connect(600));
    assert_eq!(scene.winner().await.unwrap(), "192.0.2.1:5223");
    assert_eq!(scene.dialled(), at(&[(0, "192.0.2.1:5223"), (250, "192.0.2.1:5222")]));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_starts_the_next_attempt_at_once() {
    let scene = Scene::new(&[DIRECT, START])
        .name("one", 0, &["192.0.2.1"])
        .host("192.0.2.1:5223", Does::Refuse(40))
        .host("192.0.2.1:5222", Does::Connect(40));
    assert_eq!(scene.winner().await.unwrap(), "192.0.2.1:5222");
    assert_eq!(scene.elapsed(), 80);
}

#[tokio::test(start_paused = true)]
async fn addresses_are_interleaved_and_each_is_tried_once() {
    let scene = Scene::new(&[DIRECT])
        .name("one", 0, &["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"])
        .host("192.0.2.1:5223", Does::Swallow)
        .host("192.0.2.2:5223", Does::Swallow)
        .host("[2001:db8::1]:5223", Does::Swallow)
        .host("[2001:db8::2]:5223", Does::Swallow);
    let mut race = Race::new(&scene, TIMEOUT, None);
    assert!(race.next().await.is_none());
    assert_eq!(
        scene.dialled(),
        at(&[
            (0, "[2001:db8::1]:5223"),
            (250, "192.0.2.1:5223"),
            (500, "[2001:db8::2]:5223"),
            (750, "192.0.2.2:5223"),
        ])
    );
    assert_eq!(scene.elapsed(), 8750, "each has its own time");
    let (tried, fatal) = race.into_failures();
    assert_eq!(fatal, None);
    assert_eq!(
        tried.verdict().to_string(),
        "no way to the server worked: 4 by direct TLS (no answer in time while connecting)"
    );
}

#[tokio::test(start_paused = true)]
async fn ipv4_waits_a_moment_for_ipv6_and_not_longer() {
    for (v6_after, first) in [(40, "[2001:db8::1]:5223"), (400, "192.0.2.1:5223")] {
        let scene = Scene::new(&[DIRECT])
            .name("one", 0, &["192.0.2.1"])
            .v6_after("one", v6_after, "2001:db8::1")
            .host("192.0.2.1:5223", Does::Connect(10))
            .host("[2001:db8::1]:5223", Does::Connect(10));
        assert_eq!(scene.winner().await.unwrap(), first);
    }
}

#[tokio::test(start_paused = true)]
async fn a_better_target_is_waited_for_a_moment_while_dns_looks_for_it() {
    for (after, first) in [(40, "192.0.2.1:5223"), (4000, "192.0.2.2:5222")] {
        let scene = Scene::new(&[DIRECT, ("two", 5222, TlsMode::StartTls)])
            .name("one", after, &["192.0.2.1"])
            .name("two", 0, &["192.0.2.2"])
            .host("192.0.2.1:5223", Does::Connect(10))
            .host("192.0.2.2:5222", Does::Connect(10));
        assert_eq!(scene.winner().await.unwrap(), first);
        assert!(scene.elapsed() < 100);
    }
}

#[tokio::test(start_paused = true)]
async fn what_worked_last_is_dialled_before_dns_has_said_anything() {
    let mut scene = Scene::new(&[DIRECT, START])
        .name("one", 300, &["192.0.2.1"])
        .host("192.0.2.1:5223", Does::Connect(10))
        .host("192.0.2.9:5222", Does::Swallow);
    scene.candidates_after = 300;
    let last = Attempt {
        candidate: Candidate { host: "one".into(), port: 5222, tls: TlsMode::StartTls },
        address: "192.0.2.9:5222".parse().unwrap(),
    };
    let mut race = Race::new(&scene, TIMEOUT, Some(last));
    assert!(race.next().await.is_some());
    assert_eq!(scene.dialled(), at(&[(0, "192.0.2.9:5222"), (600, "192.0.2.1:5223")]));
}

#[tokio::test(start_paused = true)]
async fn a_winner_of_no_use_gives_the_others_their_chance_back() {
    let scene = Scene::new(&[DIRECT, START])
        .name("one", 0, &["192.0.2.1"])
        .host("192.0.2.1:5223", Does::Connect(300))
        .host("192.0.2.1:5222", Does::Connect(300));
    let mut race = Race::new(&scene, TIMEOUT, None);
    let (attempt, ()) = race.next().await.unwrap();
    assert_eq!(attempt.candidate.tls, TlsMode::Direct);
    race.lost(&attempt, SessionError::Certificate("it has expired".to_owned()));
    let (attempt, ()) = race.next().await.unwrap();
    assert_eq!(attempt.candidate.tls, TlsMode::StartTls);
    race.lost(&attempt, SessionError::Cut);
    assert!(race.next().await.is_none());
    assert_eq!(race.into_failures().0.verdict().code(), ErrorCode::CertificateRejected);
}

#[tokio::test(start_paused = true)]
async fn a_literal_ipv4_address_is_reached_through_a_network_that_has_only_ipv6() {
    let mut scene = Scene::new(&[("192.0.2.33", 5223, TlsMode::Direct)])
        .host("192.0.2.33:5223", Does::NoRoute)
        .host("[64:ff9b::c000:221]:5223", Does::Connect(10));
    assert_eq!(scene.winner().await, None);
    scene.prefix = Prefix::found_in("64:ff9b::192.0.0.170".parse().unwrap());
    assert_eq!(scene.winner().await.unwrap(), "[64:ff9b::c000:221]:5223");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_knows_is_an_unknown_host() {
    let scene = Scene::new(&[DIRECT, START]);
    let mut race = Race::new(&scene, TIMEOUT, None);
    assert!(race.next().await.is_none());
    assert_eq!(race.into_failures().0.verdict(), SessionError::UnknownHost);
}
