//! What a session costs on the wire: round trips and bytes of a cold start, a reconnect and one message, on real servers,
//! beside slixmpp on the same server, in the same rooms, in the same run.
//!
//! Round trips are counted by the wire: how often the phone spoke after the server had, and one for TCP's handshake. That is
//! an upper bound of what it waited for. Beside it stands what a slow wire cost in time: the time over a wire with latency,
//! less the time of the same without, divided by the round trip; a busy machine disturbs that, and not the count.
//!
//! Read first: [`compare`], then [`phone`] and [`peer`], the two sides.

pub mod peer;
pub mod phone;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use heliograph_lab::server::{EJABBERD, PROSODY_13};
use heliograph_lab::{Options, Proxy, Server, ServerTree, Traffic};

use crate::ratio::{Aim, Ratio};
use crate::report;
use peer::Peer;
use phone::{Phone, Writer};

/// Rooms that the phone is in.
pub const ROOMS: usize = 10;

/// Messages that each has got since the phone was there last.
pub const MESSAGES: usize = 50;

/// Pairs of runs, without and with latency. What disturbs a run makes it longer, so the best of each kind counts.
const ROUNDS: usize = 3;

/// The slow wire, each way: a round trip of 200 ms, a bad mobile network.
const EACH_WAY: Duration = Duration::from_millis(100);

/// What is measured.
const PARTS: [&str; 4] = ["cold start, 10 rooms of 50", "receipts for these 500", "reconnect", "one message"];

/// Round trips that ours may take: all with TCP's and TLS's.
const ROUND_TRIP_AIMS: [Option<f64>; PARTS.len()] = [Some(4.0), None, Some(3.0), None];

/// Bytes that ours may send.
const BYTES_UP_AIMS: [Option<f64>; PARTS.len()] = [None, None, Some(1300.0), None];

/// Part of slixmpp's round trips that ours may take.
const RATIO_AIMS: [Option<Aim>; PARTS.len()] = [Some(Aim::AtMost(0.15)), None, None, None];

/// What one part cost once.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// How long it took.
    pub time: Duration,
    /// What went over the wire.
    pub traffic: Traffic,
}

/// The costs of all parts in one run of one side; `None` for what it does not do.
pub type Costs = [Option<Cost>; PARTS.len()];

/// All runs of one side.
#[derive(Debug, Default)]
struct Runs {
    near: Vec<Costs>,
    far: Vec<Costs>,
}

impl Runs {
    fn costs(runs: &[Costs], part: usize) -> impl Iterator<Item = Cost> {
        runs.iter().filter_map(move |costs| costs.get(part).copied().flatten())
    }

    /// What one part took to and fro with latency, in the run with the fewest turns; `None` if this side does not do it.
    fn traffic(&self, part: usize) -> Option<Traffic> {
        Self::costs(&self.far, part).map(|cost| cost.traffic).min_by_key(turns)
    }

    /// The round trips that one part took by the time: the best run with latency, less the best without.
    fn by_time(&self, part: usize) -> Option<f64> {
        let best = |runs| Self::costs(runs, part).map(|cost| cost.time).min();
        let waited = best(&self.far)?.as_secs_f64() - best(&self.near)?.as_secs_f64();
        Some(waited / (2.0 * EACH_WAY.as_secs_f64()))
    }
}

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
    println!("Session on {name}: two accounts, {ROOMS} groups, then {ROUNDS} rounds of two runs");
    let wire = Proxy::start(server.direct_tls_address()).await?;
    let ana = server.accounts().first().context("an account")?.clone();
    let mut phone = Phone::sign_up(&server, &wire, folder).await?;
    let writer = Writer::sign_up(&server, folder).await?;
    let progress = Progress::start();
    let rooms = writer.make_groups(&phone, ROOMS).await?;
    phone.leave().await?;
    progress.step(&format!("{ROOMS} groups made"));

    let sides = ["Heliograph", "slixmpp", "slixmpp, rooms at once"];
    let mut runs: [Runs; 3] = Default::default();
    for round in 0..ROUNDS {
        for latency in [Duration::ZERO, EACH_WAY] {
            // What the last run left over (receipts for the phone's text, texts of the peers) is none of what is measured.
            phone.visit().await?;
            // No session is left to resume, of neither side: what is measured is a start, not a nap.
            server.restart().await?;
            let since = SystemTime::now();
            writer.write(&rooms, MESSAGES, &format!("{round} {latency:?}")).await?;
            let run = format!("round {} of {ROUNDS}, {} ms", round + 1, 2 * latency.as_millis());
            progress.step(&format!("{run}: {} messages written", ROOMS * MESSAGES));
            wire.latency(latency);
            let kept =
                runs.each_mut().map(|runs| if latency.is_zero() { &mut runs.near } else { &mut runs.far });
            let [ours, peers @ ..] = kept;
            let costs = phone.run(&wire).await?;
            progress.costs(&format!("{run}: {}", sides[0]), &costs);
            ours.push(costs);
            for ((at_once, side), runs) in [false, true].into_iter().zip(&sides[1..]).zip(peers) {
                let mut peer = Peer::start(python, &wire, &server, &ana)?;
                let costs = peer.run(&wire, &rooms, since, at_once).await?;
                progress.costs(&format!("{run}: {side}"), &costs);
                runs.push(costs);
            }
            wire.latency(Duration::ZERO);
        }
    }
    print(name, &sides, &runs)
}

/// Tells whoever waits what is being done. A run takes seconds to a minute, all of them several minutes.
pub struct Progress(Instant);

impl Progress {
    /// From now on.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// What has been done.
    pub fn step(&self, what: &str) {
        println!("  {:4.0} s  {what}", self.0.elapsed().as_secs_f64());
    }

    fn costs(&self, what: &str, costs: &Costs) {
        let shown = |cost: &Option<Cost>| match cost {
            None => "-".to_owned(),
            Some(Cost { time, traffic }) => {
                format!("{} turns, {} B up, {:.2} s", turns(traffic), traffic.bytes_up, time.as_secs_f64())
            }
        };
        self.step(&format!("{what}: {}", costs.iter().map(shown).collect::<Vec<_>>().join(" / ")));
    }
}

/// How often the phone spoke after the server had, and once for TCP: a new connection costs a round trip before anybody
/// speaks.
fn turns(traffic: &Traffic) -> u64 {
    traffic.flights + traffic.accepted.min(1)
}

fn print(name: &str, sides: &[&str; 3], runs: &[Runs; 3]) -> anyhow::Result<()> {
    println!(
        "\nSession on {name}, TLS 1.3 from the first byte, round trip {:?}; round trips include TCP's and TLS's; best of \
         {ROUNDS} interleaved rounds",
        EACH_WAY * 2
    );
    let head = [
        "",
        "",
        "round trips",
        "aim",
        "",
        "by time",
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
        let peer = slixmpp.traffic(number);
        for (side, runs) in sides.iter().zip(runs) {
            let ours = *side == sides[0];
            let (Some(traffic), Some(by_time)) = (runs.traffic(number), runs.by_time(number)) else {
                continue;
            };
            let aim = |list: &[Option<f64>; PARTS.len()], value: f64| -> [String; 2] {
                match list.get(number).copied().flatten().filter(|_| ours) {
                    None => Default::default(),
                    Some(aim) => [format!("≤ {aim}"), if value <= aim { "met" } else { "missed" }.to_owned()],
                }
            };
            let (round_trips, up) = (turns(&traffic) as f64, traffic.bytes_up as f64);
            let mut row = vec![(*part).to_owned(), (*side).to_owned(), format!("{round_trips:.0}")];
            row.extend(aim(&ROUND_TRIP_AIMS, round_trips));
            row.extend([format!("{by_time:.1}"), format!("{up:.0}")]);
            row.extend(aim(&BYTES_UP_AIMS, up));
            row.push(traffic.bytes_down.to_string());
            if let (true, Some(theirs)) = (ours, peer) {
                let ratio =
                    Ratio::of([(round_trips, turns(&theirs) as f64)]).context("nothing was measured")?;
                row.push(format!("{:.2}", ratio.median));
                row.extend(report::verdict(RATIO_AIMS.get(number).copied().flatten(), &ratio));
            }
            table.add_row(row);
        }
    }
    report::print(table, 2);
    Ok(())
}
