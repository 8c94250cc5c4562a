//! The phones' platforms: whether the whole core and its bindings compile for them.
//!
//! Only Rust is looked at, and nothing is linked or run: see [`crate::cross`].

use tokio::process::Command;

use super::Outcome;
use super::counts::Counts;
use super::process::Programs;
use crate::cross::{Compiler, STANDARD_LIBRARY};
use crate::setup;

/// The platforms. Clippy is `cargo check` with more lints: what the compiler has to say it says here as well, so that `check`
/// beside it would do the same work once more and find nothing else.
const PLATFORMS: [&str; 5] = [
    "aarch64-linux-android",
    "armv7-linux-androideabi",
    "x86_64-linux-android",
    "aarch64-apple-ios",
    "aarch64-apple-ios-sim",
];

/// Everything that an app is given, from the bindings down.
const CRATES: [&str; 7] = [
    "heliograph-ffi",
    "heliograph-client",
    "heliograph-sync",
    "heliograph-xmpp",
    "heliograph-mls",
    "heliograph-store",
    "heliograph-model",
];

/// Looks at what the macro of the standard library makes of a constant that is declared as one, and on Android does not recognise
/// it.
const MISTAKEN_LINT: &str = "clippy::missing_const_for_thread_local";

/// Below the target folder; one for all platforms, which share what runs on this machine.
const FOLDER: &str = "platforms";

/// Checks them all at once, which keeps every core busy; and if something is wrong one after the other, which says where.
/// Each is one check.
pub async fn run(programs: &mut Programs) -> anyhow::Result<Outcome> {
    let compiler = match setup::build_programs().and_then(|()| Compiler::get()) {
        Ok(compiler) => compiler,
        Err(missing) => return Ok(Outcome::Missing { reason: format!("{missing:#}") }),
    };
    let passed = Counts { passed: PLATFORMS.len() as u64, ..Counts::default() };
    if programs.run(clippy(&compiler, &PLATFORMS)?).await?.is_none() {
        return Ok(Outcome::Passed(passed));
    }
    let mut counts = Counts::default();
    for platform in PLATFORMS {
        if let Some(Outcome::Failed { output, failures, .. }) =
            programs.run(clippy(&compiler, &[platform])?).await?
        {
            counts.failed += 1;
            let output = format!("{output}\nThis was for {platform}.");
            return Ok(Outcome::Failed { counts, output, failures });
        }
        counts.passed += 1;
    }
    Ok(Outcome::Passed(counts))
}

fn clippy(compiler: &Compiler, platforms: &[&str]) -> anyhow::Result<Command> {
    let mut cargo = compiler.cargo(FOLDER, "clippy");
    cargo.args(["--lib", STANDARD_LIBRARY]);
    for platform in platforms {
        compiler.without_c(&mut cargo, platform)?;
        cargo.args(["--target", platform]);
    }
    cargo.args(CRATES.iter().flat_map(|name| ["-p", name]));
    // Line numbers of what is never run.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo.args(["--", "-D", "warnings", "-A", MISTAKEN_LINT]);
    Ok(cargo)
}
