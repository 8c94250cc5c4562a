//! The Python suites: the generated bindings, and a foreign client, on a server that is started for them.
//!
//! What they are told is in their environment and documented in `tests/suites/python/README.md`.

use anyhow::Context;
use heliograph_lab::server::PROSODY_13;
use heliograph_lab::{Options, Server, ServerTree, workspace};

use super::Outcome;
use super::process::Programs;
use crate::setup;

/// The suites' folder.
const SUITES: &str = "tests/suites/python";

/// The accounts that they use, each for one part.
const ACCOUNTS: [&str; 5] = ["ana", "ben", "chloe", "dora", "eve"];

/// Builds, generates, starts the server, runs the suites.
pub async fn run(programs: &mut Programs) -> anyhow::Result<Outcome> {
    let suites = workspace::root().join(SUITES);
    if !suites.is_dir() {
        return Ok(Outcome::Missing { reason: format!("there is no {SUITES}") });
    }
    let target = workspace::target();
    let (bindings, debug) = (target.join("python-bindings"), target.join("debug"));
    std::fs::create_dir_all(&bindings).context("creating the folder for the bindings")?;
    let library =
        debug.join(format!("{}heliograph_ffi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX));

    let build = Programs::cargo(&["build", "-p", "heliograph-ffi", "-p", "heliograph-bindgen"]);
    let mut generate = Programs::cargo(&["run", "--quiet", "-p", "heliograph-bindgen", "--", "generate"]);
    generate.args(["--no-format", "--language", "python", "--out-dir"]).arg(&bindings).arg(&library);
    for command in [build, generate] {
        if let Some(failure) = programs.run(command).await? {
            return Ok(failure);
        }
    }
    // Python loads the library from beside the module.
    let beside = library.file_name().map(|name| bindings.join(name)).unwrap_or_default();
    std::fs::copy(&library, beside).context("putting the library beside the bindings")?;

    std::fs::create_dir_all(target.join("lab")).context("creating the lab's folder")?;
    let folder = tempfile::Builder::new()
        .prefix("python-")
        .tempdir_in(target.join("lab"))
        .context("creating the server's folder")?;
    let tree = ServerTree::unpacked(PROSODY_13)?;
    let server = Server::start(&tree, folder.path(), Options::with_accounts(&ACCOUNTS)).await?;
    let accounts: Vec<String> =
        server.accounts().iter().map(|account| format!("{}:{}", account.name, account.password)).collect();
    let mut test = tokio::process::Command::new(setup::python()?);
    test.args(["-m", "unittest", "discover", "-v", "-s"])
        .arg(&suites)
        .env("HELIOGRAPH_PYTHON_BINDINGS", &bindings)
        .env("HELIOGRAPH_SERVER", server.starttls_address().to_string())
        .env("HELIOGRAPH_CA", server.authority_file())
        .env("HELIOGRAPH_DOMAIN", server.domain())
        .env("HELIOGRAPH_ROOMS", server.rooms())
        .env("HELIOGRAPH_ACCOUNTS", accounts.join(","))
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
