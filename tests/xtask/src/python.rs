//! The Python package: the generated module and the core's library in one wheel.
//!
//! A wheel is a zip file with some text in it, so no build tool of Python's is needed to make one: the module is what the
//! generator writes, and `pip` installs the result like any other. It serves every Python 3, as the module reaches the library by
//! `ctypes`, but only the platform that the library was built on.
//!
//! Read first: [`make`], then [`wheel`].

mod annotations;
mod metadata;
mod panic;
mod platform;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Blocking;

use anyhow::Context;
use heliograph_lab::workspace;

use crate::setup;
use crate::test::Outcome;
use crate::test::process::Programs;
use crate::test::stand::Profile;

/// What takes out of the library what nobody calls by name: three quarters of it.
const STRIP: (&str, &str) = ("strip", "binutils");

/// What an index shows of the package, with the quick start.
const README: &str = "bindings/python/README.md";

/// Looks for everything that is needed, and names what is missing.
pub fn check_tools() -> anyhow::Result<()> {
    setup::build_programs()?;
    setup::programs(&[STRIP])
}

/// Makes the wheel; gives its file.
pub async fn make(profile: Profile, programs: &mut Programs) -> anyhow::Result<Result<PathBuf, Outcome>> {
    let scratch = tempfile::tempdir().context("creating a folder for generated code")?;
    for command in [profile.build(), profile.generate("python", scratch.path())] {
        if let Some(failure) = programs.run(command).await? {
            return Ok(Err(failure));
        }
    }
    let generated = fs::read_to_string(scratch.path().join("heliograph.py"));
    let generated = generated.context("the generator did not write what it should")?;
    let module = annotations::complete(&panic::typed(&generated)?)?;
    let library = stripped(&profile.library(), scratch.path())?;
    let read = |name: &str| {
        fs::read_to_string(workspace::root().join(name)).with_context(|| format!("reading {name}"))
    };
    let (readme, licence) = (read(README)?, read("LICENSE")?);
    let contents = wheel::Contents { module: &module, library: &library, readme: &readme, licence: &licence };
    let folder = folder(profile);
    if folder.exists() {
        // A wheel of another version would be installed as well by who installs all there are.
        fs::remove_dir_all(&folder).context("removing earlier packages")?;
    }
    fs::create_dir_all(&folder).context("creating the folder for packages")?;
    wheel::write(&contents, &platform::tag(&library)?, &folder).map(Ok)
}

/// Where the wheel is put.
fn folder(profile: Profile) -> PathBuf {
    workspace::target().join("python").join(match profile {
        Profile::Debug => "debug",
        Profile::Release => "release",
    })
}

fn stripped(library: &Path, scratch: &Path) -> anyhow::Result<Vec<u8>> {
    let copy = scratch.join("library");
    fs::copy(library, &copy).context("copying the library")?;
    let mut strip = Blocking::new(STRIP.0);
    // What is exported stays; the two systems' programs of this name have no common word for that.
    strip.arg(if cfg!(target_os = "macos") { "-x" } else { "--strip-unneeded" }).arg(&copy);
    setup::run_quietly(strip)?;
    fs::read(copy).context("reading the stripped library")
}
