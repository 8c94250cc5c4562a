//! Running tests on the Java virtual machine.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::Artefacts;

/// The lock file of what runs tests.
pub const LOCK: &str = "junit";

/// The entry of JUnit's console.
const CONSOLE: &str = "org.junit.platform.console.ConsoleLauncher";

/// All tests in a folder of classes; `class_path` is what they need besides, without JUnit. `settings` go to the
/// virtual machine: properties, memory.
pub fn tests(classes: &Path, class_path: &[PathBuf], settings: &[String]) -> anyhow::Result<Command> {
    let mut all = Artefacts::of(LOCK)?.class_path();
    all.push(classes.to_owned());
    all.extend(class_path.iter().cloned());
    let mut java = Command::new("java");
    java.args(settings).arg("-cp").arg(super::joined(&all)?).arg(CONSOLE);
    // No test found is a mistake, and not a success.
    java.args([
        "execute",
        "--disable-banner",
        "--disable-ansi-colors",
        "--fail-if-no-tests",
        "--details",
        "tree",
    ]);
    java.arg("--scan-class-path").arg(classes);
    Ok(java)
}
