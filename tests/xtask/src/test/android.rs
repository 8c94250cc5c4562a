//! The Android shell under Robolectric, on API 29 and 35, with a server that is started for it; then packaged, as far as that
//! goes without Android's NDK.

use std::path::Path;

use anyhow::Context;
use heliograph_lab::SmallDisk;
use tokio::process::Command;

use super::Outcome;
use super::process::Programs;
use super::stand::{Profile, Stand};
use crate::android::shell::Shell;
use crate::android::tools::Tools;
use crate::android::{sdk, shell};
use crate::jvm::Artefacts;
use crate::package;
use crate::setup;
use crate::test::kotlin;

/// Names the tests to run: parts of their classes' names, with commas between. Nothing is packaged then.
const ONLY_VARIABLE: &str = "HELIOGRAPH_ANDROID_TESTS";

/// The accounts that the tests use, each for one part.
const ACCOUNTS: [&str; 33] = [
    "ana", "ben", "chloe", "dora", "eve", "finn", "gina", "hugo", "ida", "jan", "kim", "lea", "max", "olaf",
    "pia", "quin", "rosa", "sam", "tom", "uma", "vera", "wim", "yara", "zoe", "abe", "bea", "cyd", "dan",
    "ina", "leo", "bob", "nora", "rob",
];

/// Room for an account's database and its log, and some more.
const SMALL_DISK_BYTES: u64 = 6 * 1024 * 1024;

/// Gets what the stage needs.
pub fn setup() -> anyhow::Result<()> {
    Tools::find()?;
    [shell::LOCK, shell::TEST_LOCK, shell::TOOLS_LOCK, sdk::LOCK]
        .into_iter()
        .try_for_each(|lock| Artefacts::of(lock).map(drop))
}

/// Builds the shell, runs its tests, packages it.
pub async fn run(programs: &mut Programs) -> anyhow::Result<Outcome> {
    let only = std::env::var(ONLY_VARIABLE).ok();
    if let Some(failure) = tests(only.as_deref(), programs).await? {
        return Ok(failure);
    }
    if only.is_none()
        && let failure @ Outcome::Failed { .. } = Box::pin(package::android(true, false, programs)).await?
    {
        return Ok(failure);
    }
    Ok(Outcome::Passed(programs.counts()))
}

async fn tests(only: Option<&str>, programs: &mut Programs) -> anyhow::Result<Option<Outcome>> {
    let heliograph = match kotlin::build(programs, Profile::Debug).await? {
        Ok(built) => built,
        Err(failure) => return Ok(Some(failure)),
    };
    let shell = match Shell::build(&heliograph.class_path(), programs).await? {
        Ok(shell) => shell,
        Err(failure) => return Ok(Some(failure)),
    };
    // Those without Android are over in a second, and find what is wrong first.
    if only.is_none() {
        let tests = match shell.state_tests(programs).await? {
            Ok(tests) => tests,
            Err(failure) => return Ok(Some(failure)),
        };
        if let Some(failure) = programs.run(tests).await? {
            return Ok(Some(failure));
        }
    }
    let mut settings = vec![kotlin::library_path(Profile::Debug)];
    let scratch = tempfile::tempdir().context("creating the place of a small disk")?;
    let place = scratch.path().join("disk");
    std::fs::create_dir(&place).context("creating the place of a small disk")?;
    // Where none can be made, its test says so and is passed over.
    let small_disk = SmallDisk::mount(&place, SMALL_DISK_BYTES).ok();
    if small_disk.is_some() {
        settings.push(format!("-Dheliograph.small-disk={}", place.display()));
    }
    let mut tests = match shell.tests(only, &settings, programs).await? {
        Ok(tests) => tests,
        Err(failure) => return Ok(Some(failure)),
    };
    if let Some(disk) = &small_disk {
        tests = within(disk, &tests, &scratch.path().join("on-small-disk.sh"))?;
    }
    let server = Stand::start("android", &ACCOUNTS).await?;
    server.tell(&mut tests);
    programs.run(tests).await
}

/// The same program where it sees the small disk: SQLite looks through every other way there.
fn within(disk: &SmallDisk, program: &Command, script: &Path) -> anyhow::Result<Command> {
    let program = program.as_std();
    let found = setup::find_program(&program.get_program().to_string_lossy());
    let script = disk.program(&found.context("there is no java in PATH")?, script)?;
    let mut command = Command::new(script);
    command.args(program.get_args());
    Ok(command)
}
