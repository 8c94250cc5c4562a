//! `cargo xtask bench`: builds the measuring programs in release mode and runs them.
//!
//! What is measured, and the tables, are in `tests/bench`. Its peer is a workspace of its own (see its `Cargo.toml`)
//! and is built below the target folder. A missed aim is printed and is no failure.

mod size;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail, ensure};
use heliograph_lab::server::{EJABBERD, PROSODY_13};
use heliograph_lab::workspace;

use crate::jvm::kotlin::{self as compiler, Module};
use crate::test::Outcome;
use crate::test::kotlin;
use crate::test::process::Programs;
use crate::test::stand::{Profile, Stand};
use crate::{jvm, setup};

/// The crate that measures.
const BENCH: &str = "heliograph-bench";

/// What is said where a build fails.
const NOT_BUILT: &str = "the benches could not be built";

/// What it is measured against: program and manifest.
const PEER: (&str, &str) = ("heliograph-bench-peer", "tests/bench/peer/Cargo.toml");

/// The comparison that it is for.
const WITH_PEER: &str = "ingest";

/// The comparisons that need servers and the Python peer.
const WITH_SERVERS: [&str; 2] = ["session", "memory"];

/// The comparison that is about the library itself, see [`size`].
const SIZE: &str = "size";

/// The comparison that runs on a Java virtual machine, and its program.
const BOUNDARY: (&str, &str) = ("boundary", "tests/bench/kotlin");

/// What to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this comparison: `ingest`, `open`, `session`, `memory` or `boundary`; or `size`, which runs only where it is asked for.
    name: Option<String>,
    /// What everything is generated from.
    #[arg(long)]
    seed: Option<u64>,
}

/// Builds, then measures; the measuring programs run their sides one after the other.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let wanted = arguments.name.as_deref();
    if wanted == Some(SIZE) {
        return size::run().await;
    }
    let code = if wanted == Some(BOUNDARY.0) { ExitCode::SUCCESS } else { in_rust(arguments)? };
    if wanted.is_none_or(|name| name == BOUNDARY.0) {
        boundary().await?;
    }
    Ok(code)
}

/// A page of messages on its way to Kotlin.
async fn boundary() -> anyhow::Result<()> {
    setup::kotlin()?;
    setup::server(PROSODY_13)?;
    println!("Building in release mode (the first time this takes several minutes) ...");
    let mut programs = Programs::of(BOUNDARY.0)?;
    let Ok(built) = kotlin::build(&mut programs, Profile::Release).await? else { bail!(NOT_BUILT) };
    let mut class_path = built.class_path();
    let bench = Module {
        name: "heliograph-bench".to_owned(),
        sources: vec![workspace::root().join(BOUNDARY.1)],
        class_path: class_path.clone(),
        arguments: vec!["-Werror".to_owned()],
    };
    let failure = compiler::compile(&bench, async |command| programs.run(command).await).await?;
    if let Some(Outcome::Failed { output, .. }) = failure {
        bail!("{NOT_BUILT}: {output}");
    }
    class_path.push(bench.classes());
    let server = Stand::start("bench", &["ana"]).await?;
    let folder = tempfile::tempdir_in(workspace::target()).context("creating a folder to measure in")?;
    let mut java = jvm::java(&class_path)?;
    java.arg(kotlin::library_path(Profile::Release))
        .arg("org.heliograph.bench.BoundaryKt")
        .arg(folder.path());
    server.tell(&mut java);
    let status = java.status().await.context("starting the bench")?;
    ensure!(status.success(), "the bench did not end well");
    Ok(())
}

/// What the crate of benches measures.
fn in_rust(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let target = workspace::target();
    let (peer, manifest) = PEER;
    let peer_target = target.join("bench-peer");
    println!("Building in release mode (the first time this takes several minutes) ...");
    build(Command::new("cargo").args(["build", "--release", "--quiet", "--package", BENCH]))?;
    if arguments.name.as_deref().is_none_or(|name| name == WITH_PEER) {
        build(
            Command::new("cargo")
                .args(["build", "--release", "--locked", "--quiet", "--manifest-path", manifest])
                .env("CARGO_TARGET_DIR", &peer_target),
        )?;
    }
    let mut bench = Command::new(program(&target, BENCH));
    bench.arg("--peer").arg(program(&peer_target, peer)).arg("--folder").arg(target.join("bench"));
    if arguments.name.as_deref().is_none_or(|name| WITH_SERVERS.contains(&name)) {
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
    ensure!(status.success(), NOT_BUILT);
    Ok(())
}

fn program(target: &Path, name: &str) -> PathBuf {
    target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
