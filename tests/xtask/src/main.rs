//! `cargo xtask …`: everything that is done with this workspace beside editing it.
//!
//! `setup` gets what the others need and is called by them; `demo` shows Heliograph at work; `test` checks everything;
//! `bench` measures; `package` makes what is handed out; `lock` completes lock files; `servers` runs one of the lab's servers
//! for trying things by hand. Everything that is downloaded or generated lies below the target folder.
//!
//! It holds no test of Heliograph itself: those are in the crates and in `tests/suites`. What it drives phones and servers
//! with is `tests/lab`.
//!
//! Read first: [`test::stage`] for what `test` consists of, [`demo`] for the demonstration.

mod android;
mod archive;
mod bench;
mod cross;
mod demo;
mod ios;
mod jvm;
mod layers;
mod package;
mod python;
mod servers;
mod setup;
mod swift;
mod table;
mod test;
mod unpacked;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit code after Ctrl-C, by the convention of shells: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Everything that is done with this workspace beside editing it.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Get what the other commands need: servers, Python packages, compilers. Quick if it is all there.
    Setup,
    /// Watch three phones hold an encrypted group conversation over a real server, one of them offline for a while.
    Demo(demo::Arguments),
    /// Check everything: formatting, lints, layers, unit and property tests, real servers, Python.
    Test(test::Arguments),
    /// Measure, in release mode.
    Bench(bench::Arguments),
    /// Complete a lock file of artefacts for the Java virtual machine: see `tests/xtask/src/jvm.rs`.
    Lock(jvm::lock::Arguments),
    /// Make what is handed to app developers.
    Package(package::Arguments),
    /// Run a server with accounts in the foreground, to try things by hand.
    Servers(servers::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let task = async {
        match Arguments::parse().task {
            Task::Setup => Ok(setup::run()),
            Task::Demo(arguments) => demo::run(arguments).await,
            Task::Test(arguments) => test::run(arguments).await,
            Task::Bench(arguments) => bench::run(&arguments).await,
            Task::Lock(arguments) => jvm::lock::run(&arguments),
            Task::Package(arguments) => package::run(arguments).await,
            Task::Servers(arguments) => servers::run(arguments).await,
        }
    };
    // Dropping the task drops the phones and servers in it, which kills them.
    let outcome = tokio::select! {
        outcome = task => outcome,
        () = interrupted() => {
            eprintln!("\nInterrupted; everything that was started is ended.");
            return ExitCode::from(INTERRUPTED);
        }
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{} {error:#}", console::style("error:").red().bold().for_stderr());
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C, or whoever runs this wants it to end.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
