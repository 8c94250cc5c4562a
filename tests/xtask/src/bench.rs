//! `cargo xtask bench`: builds the measuring programs in release mode and runs them.
//!
//! What is measured, and the tables, are in `tests/bench`. Its peer is a workspace of its own (see its `Cargo.toml`) and is
//! built below the target folder. A missed aim is printed and is no failure.

mod size;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};
use heliograph_lab::server::{EJABBERD, PROSODY_13};
use heliograph_lab::workspace;

use crate::setup;

/// The crate that measures.
const BENCH: &str = "heliograph-bench";

/// What it is measured against: program and manifest.
const PEER: (&str, &str) = ("heliograph-bench-peer", "tests/bench/peer/Cargo.toml");

/// The comparison that needs servers and the Python peer.
const SESSION: &str = "session";

/// The comparison that is about the library itself, see [`size`].
const SIZE: &str = "size";

/// What to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this comparison: `ingest`, `open` or `session`; or `size`, which runs only where it is asked for.
    name: Option<String>,
    /// What everything is generated from.
    #[arg(long)]
    seed: Option<u64>,
}

/// Builds, then measures; the measuring program runs its sides one after the other.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.name.as_deref() == Some(SIZE) {
        return size::run().await;
    }
    let target = workspace::target();
    let (peer, manifest) = PEER;
    let peer_target = target.join("bench-peer");
    println!("Building in release mode (the first time this takes several minutes) ...");
    build(Command::new("cargo").args(["build", "--release", "--quiet", "--package", BENCH]))?;
    build(
        Command::new("cargo")
            .args(["build", "--release", "--locked", "--quiet", "--manifest-path", manifest])
            .env("CARGO_TARGET_DIR", &peer_target),
    )?;
    let mut bench = Command::new(program(&target, BENCH));
    bench.arg("--peer").arg(program(&peer_target, peer)).arg("--folder").arg(target.join("bench"));
    if arguments.name.as_deref().is_none_or(|name| name == SESSION) {
        [PROSODY_13, EJABBERD].into_iter().try_for_each(|name| setup::server(name).map(drop))?;
        bench.arg("--python").arg(setup::python()?);
    }
    if let Some(seed) = arguments.seed {
        bench.args(["--seed", &seed.to_string()]);
    }
    if let Some(name) = &arguments.name {
        bench.args(["--only", name]);
    }
    let status = bench.current_dir(workspace::root()).status().context("starting the benches")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn build(cargo: &mut Command) -> anyhow::Result<()> {
    let status = cargo.current_dir(workspace::root()).status().context("starting cargo")?;
    ensure!(status.success(), "the benches could not be built");
    Ok(())
}

fn program(target: &Path, name: &str) -> PathBuf {
    target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
