//! The Python suites: the generated bindings, and a foreign client, on a server that is started for them.
//!
//! What they are told is in their environment and documented in `tests/suites/python/README.md`.

use anyhow::Context;
use heliograph_lab::workspace;

use super::Outcome;
use super::process::Programs;
use super::stand::{Profile, Stand};
use crate::setup;

/// The suites' folder.
const SUITES: &str = "tests/suites/python";

/// What the bindings show, as it was last agreed on.
const SURFACE: &str = "bindings/ffi/surface.txt";

/// The accounts that they use, each for one part.
const ACCOUNTS: [&str; 5] = ["ana", "ben", "chloe", "dora", "eve"];

/// Builds, compares what the bindings show with what was agreed on, generates, starts the server, runs the suites.
pub async fn run(programs: &mut Programs) -> anyhow::Result<Outcome> {
    let suites = workspace::root().join(SUITES);
    if !suites.is_dir() {
        return Ok(Outcome::Missing { reason: format!("there is no {SUITES}") });
    }
    let bindings = workspace::target().join("python-bindings");
    std::fs::create_dir_all(&bindings).context("creating the folder for the bindings")?;
    let profile = Profile::Debug;
    let mut surface = Programs::cargo(&["run", "--quiet", "-p", "heliograph-bindgen", "--", "surface"]);
    surface.arg(profile.library()).arg(workspace::root().join(SURFACE));
    for command in [profile.build(), surface, profile.generate("python", &bindings)] {
        if let Some(failure) = programs.run(command).await? {
            return Ok(failure);
        }
    }
    // Python loads the library from beside the module.
    let library = Profile::Debug.library();
    let beside = library.file_name().map(|name| bindings.join(name)).unwrap_or_default();
    std::fs::copy(&library, beside).context("putting the library beside the bindings")?;

    let server = Stand::start("python", &ACCOUNTS).await?;
    let mut test = tokio::process::Command::new(setup::python()?);
    server.tell(&mut test);
    test.args(["-m", "unittest", "discover", "-v", "-s"])
        .arg(&suites)
        .env("HELIOGRAPH_PYTHON_BINDINGS", &bindings)
        // Compiled Python goes nowhere near the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(failure) = programs.run(test).await? {
        return Ok(failure);
    }
    if programs.counts().passed == 0 {
        return Ok(Outcome::Missing { reason: format!("{SUITES} has no tests") });
    }
    Ok(Outcome::Passed(programs.counts()))
}
