//! The Python suites: the bindings as the wheel that is handed out, and a foreign client, on a server that is started for them.
//!
//! The wheel is made as `cargo xtask package python` makes it, but of an unoptimised library, and installed into an environment
//! of its own, in which there was nothing before. What the suites are told is in their environment and documented in
//! `tests/suites/python/README.md`.

use std::path::{Path, PathBuf};
use std::process::Command as Blocking;

use anyhow::Context;
use heliograph_lab::workspace;
use tokio::process::Command;

use super::Outcome;
use super::process::Programs;
use super::stand::{Profile, Stand};
use crate::{python, setup};

/// The suites' folder.
const SUITES: &str = "tests/suites/python";

/// What the bindings show, as it was last agreed on.
const SURFACE: &str = "bindings/ffi/surface.txt";

/// The accounts that they use, each for one part.
const ACCOUNTS: [&str; 5] = ["ana", "ben", "chloe", "dora", "eve"];

/// Builds, compares what the bindings show with what was agreed on, makes and installs the wheel, starts the server, runs the
/// suites.
pub async fn run(programs: &mut Programs) -> anyhow::Result<Outcome> {
    let suites = workspace::root().join(SUITES);
    if !suites.is_dir() {
        return Ok(Outcome::Missing { reason: format!("there is no {SUITES}") });
    }
    let wheel = match python::make(Profile::Debug, programs).await? {
        Ok(wheel) => wheel,
        Err(failure) => return Ok(failure),
    };
    let tools = setup::python()?;
    let environment = workspace::target().join("python").join("venv");
    let python = environment.join("bin").join("python");
    let mut surface = Profile::Debug.generator();
    surface.arg("surface").arg(Profile::Debug.library()).arg(workspace::root().join(SURFACE));
    let mut make = Command::new(&tools);
    make.args(["-m", "venv", "--clear", "--without-pip"]).arg(&environment);
    let mut install = Command::new(&tools);
    install.args(["-m", "pip", "--disable-pip-version-check", "--python"]).arg(&python);
    // What an app gets is the wheel alone.
    install.args(["install", "--no-index"]).arg(wheel);
    for command in [surface, make, install] {
        if let Some(failure) = programs.run(command).await? {
            return Ok(failure);
        }
    }

    let server = Stand::start("python", &ACCOUNTS).await?;
    let mut test = Command::new(&python);
    server.tell(&mut test);
    test.args(["-m", "unittest", "discover", "-v", "-s"])
        .arg(&suites)
        // The foreign client and the checker of types come from beside it.
        .env("PYTHONPATH", packages(&tools)?)
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

/// Where this Python has its packages.
fn packages(python: &Path) -> anyhow::Result<PathBuf> {
    let code = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let output = Blocking::new(python).args(["-c", code]).output().context("starting Python")?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}
