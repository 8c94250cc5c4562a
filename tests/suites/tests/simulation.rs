//! Hundreds of seeded runs of several real engines on a model of server and rooms: nothing lost, nothing twice, one order,
//! whatever breaks.
//!
//! A failing run prints its seed. `HELIOGRAPH_SEED=17 cargo test -p heliograph-suites --test simulation one_seed` repeats it
//! alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_suites::model::{Outcome, Plan, World};

/// Runs of each kind. Together they take about a minute on two cores without optimisation.
const RUNS: u64 = 60;

fn run(seed: u64, plan: Plan) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    println!("seed {seed}: {plan:?}");
    World::new(folder.path(), seed, plan).run()
}

const CALM: Plan = Plan { phones: 3, late: 0, turns: 250, texts: 20, cut: 0, forget: 0, kill: 0, repeat: 0 };
const ROUGH: Plan = Plan { cut: 40, forget: 500, repeat: 50, ..CALM };
const DEADLY: Plan = Plan { kill: 20, ..ROUGH };
const CROWDED: Plan = Plan { phones: 3, late: 2, turns: 500, ..DEADLY };

fn runs(first: u64, plan: Plan) {
    for seed in first..first + RUNS {
        let outcome = run(seed, plan);
        assert!(outcome.archived > 0, "seed {seed}: nothing reached the room, so nothing was tested");
    }
}

#[test]
fn links_that_hold() {
    runs(1_000, CALM);
}

#[test]
fn links_that_break_and_servers_that_forget_and_repeat() {
    runs(2_000, ROUGH);
}

#[test]
fn phones_killed_before_and_after_their_transactions() {
    runs(3_000, DEADLY);
}

#[test]
fn commits_that_race_while_everything_breaks() {
    runs(6_000, CROWDED);
}

#[test]
fn five_phones_in_the_worst_case() {
    for seed in 4_000..4_000 + RUNS / 3 {
        run(seed, Plan { phones: 5, turns: 600, texts: 60, ..DEADLY });
    }
}

#[test]
fn the_same_seed_gives_the_same_effects_byte_for_byte() {
    for seed in 5_000..5_004 {
        assert_eq!(run(seed, DEADLY), run(seed, DEADLY), "seed {seed} does not replay");
    }
}

#[test]
fn one_seed() {
    if let Some(seed) = std::env::var("HELIOGRAPH_SEED").ok().and_then(|seed| seed.parse().ok()) {
        let outcome = run(
            seed,
            if seed < 2_000 {
                CALM
            } else if seed < 3_000 {
                ROUGH
            } else {
                DEADLY
            },
        );
        println!("{outcome:?}");
    }
}
