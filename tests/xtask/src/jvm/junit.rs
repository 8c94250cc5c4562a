//! Running tests on the Java virtual machine.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use tokio::process::Command;

use super::Artefacts;
use crate::archive;

/// The lock file of what runs tests.
pub const LOCK: &str = "junit";

/// The entry of JUnit's console.
const CONSOLE: &str = "org.junit.platform.console.ConsoleLauncher";

/// How the files of test classes end; what is made of their inner classes has more after it.
const TEST_FILE: &str = "Test.class";

/// All tests in a folder of classes, class by class in the order of their names: JUnit would take them in the order of the
/// folder's entries, another one on each disk, and what depends on it would fail elsewhere only. `class_path` is what they
/// need besides, without JUnit. `settings` go to the virtual machine: properties, memory. `only` may name the classes to
/// run by parts of their names, with commas.
pub fn tests(
    classes: &Path,
    class_path: &[PathBuf],
    settings: &[String],
    only: Option<&str>,
) -> anyhow::Result<Command> {
    let mut all = Artefacts::of(LOCK)?.class_path();
    all.push(classes.to_owned());
    all.extend(class_path.iter().cloned());
    let mut names = test_classes(classes)?;
    names.retain(|name| only.is_none_or(|only| only.split(',').any(|part| name.contains(part))));
    ensure!(!names.is_empty(), "there are no tests of that name");
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
    java.args(names.iter().map(|name| format!("--select-class={name}")));
    Ok(java)
}

/// The names of the test classes in a folder, sorted.
fn test_classes(classes: &Path) -> anyhow::Result<Vec<String>> {
    let files = archive::files(classes)?.into_iter().map(|(name, _)| name);
    Ok(files
        .filter(|name| name.ends_with(TEST_FILE))
        .map(|name| name.trim_end_matches(".class").replace('/', "."))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::test_classes;

    #[test]
    fn tests_are_found_by_name_and_sorted() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("org/b")).unwrap();
        for file in [
            "org/b/ZebraTest.class",
            "org/b/AntTest.class",
            "org/ATest.class",
            "org/ATest$1.class",
            "org/A.class",
        ] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        assert_eq!(test_classes(folder.path()).unwrap(), ["org.ATest", "org.b.AntTest", "org.b.ZebraTest"]);
    }
}
