//! The form of all Kotlin in the project: ktlint for how it is written, detekt for what is written.
//!
//! Their settings are `.editorconfig` and `tests/xtask/lint/detekt.yml`. What is generated is not looked at.

use std::path::PathBuf;

use heliograph_lab::workspace;
use tokio::process::Command;

use super::{Artefacts, java};

/// The lock file of the linters.
pub const LOCK: &str = "lint";

/// Where there may be Kotlin.
const FOLDERS: [&str; 3] = ["android", "bindings/kotlin", "tests/bench/kotlin"];

/// What detekt is told.
const DETEKT_SETTINGS: &str = "tests/xtask/lint/detekt.yml";

/// What to run; each ends badly if it finds something.
pub fn commands() -> anyhow::Result<[Command; 2]> {
    let linters = Artefacts::of(LOCK)?;
    let folders: Vec<&str> =
        FOLDERS.into_iter().filter(|folder| workspace::root().join(folder).is_dir()).collect();
    let program = |name: &str, class: &str| -> anyhow::Result<Command> {
        let mut java = java(&[PathBuf::from(linters.file(name)?)])?;
        java.arg(class).current_dir(workspace::root());
        Ok(java)
    };
    let mut ktlint = program("com.pinterest.ktlint:ktlint-cli", "com.pinterest.ktlint.Main")?;
    ktlint.arg("--relative").args(folders.iter().map(|folder| format!("{folder}/**/*.kt")));
    ktlint.args(folders.iter().map(|folder| format!("{folder}/**/*.kts")));
    let mut detekt =
        program("io.gitlab.arturbosch.detekt:detekt-cli", "io.gitlab.arturbosch.detekt.cli.Main")?;
    detekt.args(["--build-upon-default-config", "--parallel", "--config", DETEKT_SETTINGS, "--input"]);
    detekt.arg(folders.join(","));
    Ok([ktlint, detekt])
}
