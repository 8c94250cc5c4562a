//! The Android shell under Robolectric, on API 29 and 35.

use super::Outcome;
use super::process::Programs;
use crate::android::shell::Shell;
use crate::android::tools::Tools;
use crate::android::{sdk, shell};
use crate::jvm::Artefacts;

/// Names the tests to run: a regular expression for the names of their classes.
const ONLY_VARIABLE: &str = "HELIOGRAPH_ANDROID_TESTS";

/// Gets what the stage needs.
pub fn setup() -> anyhow::Result<()> {
    Tools::find()?;
    [shell::LOCK, shell::TEST_LOCK, shell::TOOLS_LOCK, sdk::LOCK]
        .into_iter()
        .try_for_each(|lock| Artefacts::of(lock).map(drop))
}

/// Builds the shell and runs its tests.
pub async fn run(programs: &mut Programs) -> anyhow::Result<Outcome> {
    let heliograph = Artefacts::of("heliograph")?.class_path();
    let shell = match Shell::build(&heliograph, programs).await? {
        Ok(shell) => shell,
        Err(failure) => return Ok(failure),
    };
    let only = std::env::var(ONLY_VARIABLE).ok();
    let tests = match shell.tests(only.as_deref(), &[], programs).await? {
        Ok(tests) => tests,
        Err(failure) => return Ok(failure),
    };
    Ok(programs.run(tests).await?.unwrap_or(Outcome::Passed(programs.counts())))
}
