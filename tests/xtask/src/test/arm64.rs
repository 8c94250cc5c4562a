//! The phones' processor: the core's own tests, compiled for it and run under an emulator.
//!
//! Linux on arm64 and not Android, for which nothing can be linked here: what may differ from this machine is the processor's
//! assembly in the ciphers, alignment, and the signedness of `char` in C, and all of that is the same there.

use super::Outcome;
use super::process::Programs;
use crate::cross::arm64::{TARGET, Tools};
use crate::cross::{Compiler, STANDARD_LIBRARY};
use crate::setup;

/// What has tests that need neither a server nor a network.
const CRATES: [&str; 5] =
    ["heliograph-model", "heliograph-store", "heliograph-mls", "heliograph-sync", "heliograph-xmpp"];

/// MLS is tested from outside of its crate.
const TESTS_OF_MLS: &str = "mls";

/// Tests that start their own program once more as another process, which this machine's kernel can't: it is not for its
/// processor, and the emulator does not stand in between. What they are about (locks between processes) is the kernel's.
const NOT_EMULATED: &str = "store::tests::another_process_";

/// Compiles and runs them.
pub async fn run(programs: &mut Programs) -> anyhow::Result<Outcome> {
    let ready = setup::build_programs().and_then(|()| Ok((Tools::find()?, Compiler::get()?)));
    let (tools, compiler) = match ready {
        Ok(ready) => ready,
        Err(missing) => return Ok(Outcome::Missing { reason: format!("{missing:#}") }),
    };
    let mut cargo = compiler.cargo(TARGET, "test");
    tools.tell(&mut cargo)?;
    cargo.args(["--no-fail-fast", "--lib", "--test", TESTS_OF_MLS, STANDARD_LIBRARY, "--target", TARGET]);
    cargo.args(CRATES.iter().flat_map(|name| ["-p", name]));
    cargo.args(["--", "--skip", NOT_EMULATED]);
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
    if let Some(failure) = programs.run(cargo).await? {
        return Ok(failure);
    }
    Ok(Outcome::Passed(programs.counts()))
}
