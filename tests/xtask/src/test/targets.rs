//! The phones' platforms: whether the whole core and its bindings compile for them.
//!
//! Only Rust is looked at, and nothing is linked or run: see [`crate::cross`].

use super::Outcome;
use super::counts::Counts;
use super::process::Programs;
use crate::cross::{Compiler, STANDARD_LIBRARY};
use crate::setup;

/// The platforms, and with what. Clippy reports all that the compiler does, and more; one platform of each system is enough
/// for that, and the others differ from it in the width of numbers and in assembly.
const PLATFORMS: [(&str, &str); 5] = [
    ("aarch64-linux-android", "clippy"),
    ("armv7-linux-androideabi", "check"),
    ("x86_64-linux-android", "check"),
    ("aarch64-apple-ios", "clippy"),
    ("aarch64-apple-ios-sim", "check"),
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

/// Checks them one after the other. Each is one check.
pub async fn run(programs: &mut Programs) -> anyhow::Result<Outcome> {
    let compiler = match setup::build_programs().and_then(|()| Compiler::get()) {
        Ok(compiler) => compiler,
        Err(missing) => return Ok(Outcome::Missing { reason: format!("{missing:#}") }),
    };
    let mut counts = Counts::default();
    for (platform, with) in PLATFORMS {
        let mut cargo = compiler.cargo(FOLDER, with);
        compiler.without_c(&mut cargo, platform)?;
        cargo.args(["--lib", STANDARD_LIBRARY, "--target", platform]);
        cargo.args(CRATES.iter().flat_map(|name| ["-p", name]));
        // Line numbers of what is never run.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
        if with == "clippy" {
            cargo.args(["--", "-D", "warnings", "-A", MISTAKEN_LINT]);
        }
        if let Some(Outcome::Failed { output, .. }) = programs.run(cargo).await? {
            counts.failed += 1;
            return Ok(Outcome::Failed { counts, output });
        }
        counts.passed += 1;
    }
    Ok(Outcome::Passed(counts))
}
