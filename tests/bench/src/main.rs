//! Measures Heliograph beside the plain way of doing the same, in one run, and prints ratios.
//!
//! * `ingest`: reading a room's archive (parse, decrypt, store, index), beside a loop of OpenMLS with its published SQLite
//!   storage (the program in `peer/`).
//! * `session`: cold start, reconnect and one message on real servers over a slow wire, beside slixmpp.
//! * `memory`: what a client holds that idles in 200 groups, on a real server, beside slixmpp.
//! * `open`: opening a store of 300,000 messages and showing a page, beside SQLCipher used directly.
//!
//! Everything that is measured is generated from a seed. A missed aim is printed as such and is no failure; what can't be
//! measured is. How, and what the figures do not say: `tests/bench/README.md`. Normally started by `cargo xtask bench`.
//!
//! Read first: [`compare_ingest`], then `ingest.rs` and `peer/src/ingest.rs`, the two loops that are compared.

mod ingest;
mod measurement;
mod memory;
mod opening;
mod prepare;
mod ratio;
mod reader;
mod report;
mod session;
mod side;
mod workload;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum};

use crate::measurement::Measurement;
use crate::opening::Way;
use crate::ratio::{Aim, Ratio, median_of};
use crate::side::Side;
use crate::workload::{PAGE, PAST_EPOCHS, Workload};

/// Runs of each side of the ingest: at least seven pairs, so that one disturbed run does not decide.
const ROUNDS: usize = 7;

/// Openings of each way; they take about a millisecond, and single ones vary more.
const OPENINGS: usize = 41;

/// Messages of the big store.
const STORED: usize = 300_000;

/// Messages of one ingest.
const MESSAGES: usize = 1000;

/// The groups: members, how many of them write, and how many times as fast as the peer ours is to be.
const GROUPS: [(usize, usize, f64); 2] = [(2, 1, 1.0), (100, 20, 4.0)];

/// How many times as long as raw SQLCipher the first page may take.
const OPENING_AIM: Aim = Aim::AtMost(3.0);

/// A file system in memory, where there is one (Linux).
const MEMORY: &str = "/dev/shm";

#[derive(Parser)]
#[command(about = "Measures Heliograph beside the plain way of doing the same.")]
struct Arguments {
    /// Only this comparison. (By name: the part of our side that measures is called `ingest` as well.)
    #[arg(long)]
    only: Option<Comparison>,
    /// The peer's program.
    #[arg(long, default_value = "target/bench-peer/release/heliograph-bench-peer")]
    peer: PathBuf,
    /// A folder on the disk to measure on.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// The Python that has slixmpp, for the session and for memory.
    #[arg(long, default_value = "target/venv/bin/python")]
    python: PathBuf,
    /// What everything is generated from.
    #[arg(long, default_value_t = 2027)]
    seed: u64,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Comparison {
    /// Archive ingest beside plain OpenMLS.
    Ingest,
    /// A big store's first page beside raw SQLCipher.
    Open,
    /// Round trips and bytes of a session beside slixmpp.
    Session,
    /// Memory of a client that idles, beside slixmpp.
    Memory,
}

/// What is measured in a process of its own.
#[derive(Subcommand)]
enum Part {
    /// Makes what is measured.
    #[command(hide = true)]
    Prepare { folder: PathBuf, workload: String },
    /// Measures once and prints one line of JSON.
    #[command(hide = true)]
    Ingest { folder: PathBuf, workload: String },
    /// Is a client that idles.
    #[command(hide = true)]
    Idle { database: PathBuf },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::Prepare { folder, workload }) => {
            return prepare::run(folder, &serde_json::from_str(workload)?);
        }
        Some(Part::Ingest { folder, workload }) => {
            let measurement = ingest::run(folder, &serde_json::from_str(workload)?)?;
            println!("{}", serde_json::to_string(&measurement)?);
            return Ok(());
        }
        Some(Part::Idle { database }) => return memory::idle(database),
        None => {}
    }
    let wanted = |comparison| arguments.only.is_none_or(|only| only == comparison);
    std::fs::create_dir_all(&arguments.folder).context("making the folder to measure in")?;
    println!("seed {}\n", arguments.seed);
    if wanted(Comparison::Ingest) {
        compare_ingest(&arguments)?;
    }
    if wanted(Comparison::Open) {
        compare_opening(&arguments)?;
    }
    if wanted(Comparison::Session) {
        tokio::runtime::Runtime::new()?.block_on(session::compare(&arguments.folder, &arguments.python))?;
    }
    if wanted(Comparison::Memory) {
        tokio::runtime::Runtime::new()?.block_on(memory::compare(&arguments.folder, &arguments.python))?;
    }
    Ok(())
}

/// Both sides on each group and each kind of file system, in turn.
fn compare_ingest(arguments: &Arguments) -> anyhow::Result<()> {
    let work = tempfile::tempdir_in(&arguments.folder)?;
    let ours = std::env::current_exe()?;
    for (members, senders, aim) in GROUPS {
        let workload = Workload { seed: arguments.seed, members, senders, messages: MESSAGES };
        let prepared = |name: &str| work.path().join(format!("{members}-{name}"));
        let sides = [
            Side::new("Heliograph", &ours, vec![], prepared("ours"))?,
            Side::new("peer, plain", &arguments.peer, vec!["plain"], prepared("plain"))?,
            Side::new("peer, as safe as ours", &arguments.peer, vec!["safe"], prepared("safe"))?,
        ];
        for side in &sides {
            side.prepare(&workload)?;
        }
        for (kind, place) in [("on the disk", work.path()), ("in memory", Path::new(MEMORY))] {
            if !place.is_dir() {
                println!("There is no {MEMORY} here, so nothing is measured in memory.\n");
                continue;
            }
            println!(
                "Archive ingest {kind}: {members} members, {senders} of them writing, {MESSAGES} messages in pages of \
                 {PAGE}, {PAST_EPOCHS} past epochs kept; median of {ROUNDS} interleaved rounds"
            );
            let mut runs: [Vec<Measurement>; 3] = Default::default();
            for _ in 0..ROUNDS {
                for (side, runs) in sides.iter().zip(&mut runs) {
                    runs.push(side.run(place, &workload)?);
                }
            }
            print_ingest(&sides, &runs, Aim::AtLeast(aim))?;
        }
    }
    Ok(())
}

fn print_ingest(sides: &[Side; 3], runs: &[Vec<Measurement>; 3], aim: Aim) -> anyhow::Result<()> {
    let head =
        ["", "messages/s", "each", "parsing", "written each", "peak memory", "times as fast", "aim", ""];
    let mut table = report::table(&head);
    let [ours, peers @ ..] = runs;
    let [our_side, peer_sides @ ..] = sides;
    table.add_row(report::side(our_side.name, ours));
    for (side, peer) in peer_sides.iter().zip(peers) {
        let pairs = peer.iter().zip(ours).map(|(peer, ours)| (peer.seconds, ours.seconds));
        let ratio = Ratio::of(pairs).context("nothing was measured")?;
        let mut row = report::side(side.name, peer);
        row.push(ratio.to_string());
        row.extend(report::verdict(Some(aim), &ratio));
        table.add_row(row);
    }
    report::print(table, 1);
    Ok(())
}

/// The three ways on one big store, in turn.
fn compare_opening(arguments: &Arguments) -> anyhow::Result<()> {
    let work = tempfile::tempdir_in(&arguments.folder)?;
    let started = Instant::now();
    opening::prepare(work.path(), arguments.seed, STORED)?;
    let seconds = started.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(reader::database(work.path()))?.len();
    println!(
        "First page of a store of {STORED} messages ({:.0} MB, made in {seconds:.0} s): open and read the newest 50; median \
         of {OPENINGS} interleaved rounds, file in the system's cache",
        bytes as f64 / 1e6
    );
    let runtime = tokio::runtime::Runtime::new()?;
    let ways = [Way::Raw, Way::Store, Way::Client];
    for way in ways {
        // The first opening reads the file into the system's cache.
        opening::first_page(way, work.path(), 0, &runtime)?;
    }
    let mut runs: [Vec<f64>; 3] = Default::default();
    for number in 0..OPENINGS {
        for (way, runs) in ways.into_iter().zip(&mut runs) {
            runs.push(opening::first_page(way, work.path(), number, &runtime)?.as_secs_f64());
        }
    }
    let mut table = report::table(&["", "open + first page", "times raw", "aim", ""]);
    let [raw, ours @ ..] = &runs;
    let shown = |runs: &[f64]| {
        median_of(runs.iter().copied()).map_or_else(String::new, |seconds| format!("{:.2} ms", seconds * 1e3))
    };
    table.add_row(["raw SQLCipher", &shown(raw), "", "", ""]);
    for (name, ours) in ["Heliograph's store", "Heliograph's client"].into_iter().zip(ours) {
        let ratio =
            Ratio::of(ours.iter().copied().zip(raw.iter().copied())).context("nothing was measured")?;
        let [aim, verdict] = report::verdict(Some(OPENING_AIM), &ratio);
        table.add_row([name, &shown(ours), &ratio.to_string(), &aim, &verdict]);
    }
    report::print(table, 1);
    Ok(())
}
