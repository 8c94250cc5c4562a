//! What a session costs on the wire: round trips and bytes of a cold start, a reconnect and one message, on real servers,
//! beside slixmpp on the same server, in the same rooms, in the same run.
//!
//! Round trips are what a slow wire costs: the time over a wire with latency, less the time of the same without, divided by
//! the round trip. That leaves out what either side computes. The wire's own count of turns stands beside it.
//!
//! Read first: [`compare`], then [`phone`] and [`peer`], the two sides.

mod peer;
mod phone;

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use heliograph_lab::server::{EJABBERD, PROSODY_13};
use heliograph_lab::{Options, Proxy, Server, ServerTree, Traffic};

use crate::ratio::{Aim, Ratio, median_of};
use crate::report;
use peer::Peer;
use phone::{Phone, Writer};

/// Rooms that the phone is in.
pub const ROOMS: usize = 10;

/// Messages that each has got since the phone was there last.
pub const MESSAGES: usize = 50;

/// Pairs of runs, without and with latency.
const ROUNDS: usize = 3;

/// The slow wire, each way: a round trip of 200 ms, a bad mobile network.
const EACH_WAY: Duration = Duration::from_millis(100);

/// What is measured.
const PARTS: [&str; 3] = ["cold start, 10 rooms of 50", "reconnect", "one message"];

/// Round trips that ours may take: all with TCP's and TLS's.
const ROUND_TRIP_AIMS: [Option<f64>; 3] = [Some(4.0), Some(3.0), None];

/// Bytes that ours may send.
const BYTES_UP_AIMS: [Option<f64>; 3] = [None, Some(1300.0), None];

/// Part of slixmpp's round trips that ours may take.
const RATIO_AIMS: [Option<Aim>; 3] = [Some(Aim::AtMost(0.15)), None, None];

/// What one part cost once.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// How long it took.
    pub time: Duration,
    /// What went over the wire.
    pub traffic: Traffic,
}

/// The same part without and with latency.
#[derive(Debug, Clone, Copy)]
struct Pair {
    near: Cost,
    far: Cost,
}

impl Pair {
    fn round_trips(&self) -> f64 {
        (self.far.time.as_secs_f64() - self.near.time.as_secs_f64()) / (2.0 * EACH_WAY.as_secs_f64())
    }
}

/// The costs of all parts in one run of one side.
pub type Costs = [Cost; PARTS.len()];

/// Both sides on each server, in turn.
pub async fn compare(folder: &Path, python: &Path) -> anyhow::Result<()> {
    for name in [PROSODY_13, EJABBERD] {
        let work = tempfile::tempdir_in(folder)?;
        let tree = ServerTree::unpacked(name)?;
        let options = Options::with_accounts(&["ana", "ben"]);
        let server = Server::start(&tree, &work.path().join("server"), options).await?;
        measure(name, server, work.path(), python).await.with_context(|| format!("on {name}"))?;
    }
    Ok(())
}

async fn measure(name: &str, mut server: Server, folder: &Path, python: &Path) -> anyhow::Result<()> {
    let wire = Proxy::start(server.direct_tls_address()).await?;
    let ana = server.accounts().first().context("an account")?.clone();
    let mut phone = Phone::sign_up(&server, &wire, folder).await?;
    let writer = Writer::sign_up(&server, folder).await?;
    let rooms = writer.make_groups(&phone, ROOMS).await?;
    phone.leave().await?;

    let sides = ["Heliograph", "slixmpp", "slixmpp, rooms at once"];
    let mut runs: [Vec<[Pair; PARTS.len()]>; 3] = Default::default();
    for round in 0..ROUNDS {
        let mut costs: [Vec<Costs>; 3] = Default::default();
        for latency in [Duration::ZERO, EACH_WAY] {
            // No session is left to resume, of neither side: what is measured is a start, not a nap.
            server.restart().await?;
            let since = SystemTime::now();
            writer.write(&rooms, MESSAGES, &format!("{round} {latency:?}")).await?;
            wire.latency(latency);
            let [ours, peers @ ..] = &mut costs;
            ours.push(phone.run(&wire).await?);
            for (at_once, costs) in [false, true].into_iter().zip(peers) {
                let mut peer = Peer::start(python, &wire, &server, &ana)?;
                costs.push(peer.run(&wire, &rooms, since, at_once).await?);
            }
            wire.latency(Duration::ZERO);
        }
        for (runs, costs) in runs.iter_mut().zip(costs) {
            let [near, far] = costs.try_into().map_err(|_| anyhow::anyhow!("a run is missing"))?;
            let mut parts = near.into_iter().zip(far).map(|(near, far)| Pair { near, far });
            let mut next = || parts.next().context("a part is missing");
            runs.push([next()?, next()?, next()?]);
        }
    }
    ensure!(runs.iter().all(|runs| runs.len() == ROUNDS), "rounds are missing");
    print(name, &sides, &runs)
}

fn print(name: &str, sides: &[&str; 3], runs: &[Vec<[Pair; PARTS.len()]>; 3]) -> anyhow::Result<()> {
    println!(
        "Session on {name}, TLS 1.3 from the first byte, round trip {:?}; round trips include TCP's and TLS's; median of \
         {ROUNDS} interleaved rounds",
        EACH_WAY * 2
    );
    let head = [
        "",
        "",
        "round trips",
        "aim",
        "",
        "turns + 1",
        "bytes up",
        "aim",
        "",
        "bytes down",
        "of slixmpp's",
        "aim",
        "",
    ];
    let mut table = report::table(&head);
    let [_, slixmpp, _] = runs;
    for (number, part) in PARTS.iter().enumerate() {
        let of = |runs: &[[Pair; PARTS.len()]]| -> Vec<Pair> {
            runs.iter().filter_map(|run| run.get(number).copied()).collect()
        };
        let peer = of(slixmpp);
        for (side, runs) in sides.iter().zip(runs) {
            let pairs = of(runs);
            let ours = *side == sides[0];
            let median = |value: fn(&Pair) -> f64| median_of(pairs.iter().map(value)).unwrap_or_default();
            let round_trips = median(Pair::round_trips);
            let up = median(|pair| pair.far.traffic.bytes_up as f64);
            let down = median(|pair| pair.far.traffic.bytes_down as f64);
            // A new connection costs a round trip before anybody speaks.
            let turns = median(|pair| (pair.far.traffic.flights + pair.far.traffic.accepted.min(1)) as f64);
            let ratio = Ratio::of(pairs.iter().zip(&peer).map(|(a, b)| (a.round_trips(), b.round_trips())))
                .context("nothing was measured")?;
            let aims = |list: &[Option<f64>; PARTS.len()], value: f64| -> [String; 2] {
                match list.get(number).copied().flatten().filter(|_| ours) {
                    None => Default::default(),
                    Some(aim) => [format!("≤ {aim}"), if value <= aim { "met" } else { "missed" }.to_owned()],
                }
            };
            let mut row = vec![(*part).to_owned(), (*side).to_owned(), format!("{round_trips:.1}")];
            row.extend(aims(&ROUND_TRIP_AIMS, round_trips));
            row.extend([format!("{turns:.0}"), format!("{up:.0}")]);
            row.extend(aims(&BYTES_UP_AIMS, up));
            row.push(format!("{down:.0}"));
            if ours {
                row.push(ratio.to_string());
                row.extend(report::verdict(RATIO_AIMS.get(number).copied().flatten(), &ratio));
            }
            table.add_row(row);
        }
    }
    report::print(table, 2);
    Ok(())
}
