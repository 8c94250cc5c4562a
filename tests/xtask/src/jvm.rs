//! Kotlin and Java without a build tool: artefacts from a lock file, the compiler, and programs that run on them.
//!
//! A build tool would resolve versions, and what it resolves to depends on the day and on the machine. Here everything that
//! is used is named in a lock file, with its exact version and its SHA-256, and is fetched by itself, without what it depends
//! on, through this machine's Maven. After that nothing needs the network.
//!
//! To add a module:
//!
//! 1. Name what it needs in a lock file, `tests/xtask/locks/NAME.lock`: one artefact a line, as Maven writes them,
//!    `group:artifact:type:version` or `group:artifact:type:classifier:version`, without a sum. Several files may name the
//!    same artefact.
//! 2. `cargo xtask lock NAME` fetches them and writes the sums into the file. Look at what it took, and check both in.
//! 3. In code, [`Artefacts::of`]`("NAME")` gives the files, fetched and checked; [`Artefacts::class_path`] those that are
//!    jars; [`Artefacts::file`] one of them by `group:artifact`. AAR files are zip files and are not unpacked here.
//! 4. [`kotlin::compile`] compiles a [`kotlin::Module`], and does nothing if nothing has changed; [`java`] starts a program;
//!    [`junit`] runs tests, of JUnit 6 and of JUnit 4; [`lint`] looks at the form of all Kotlin there is.
//!
//! Read first: [`artefact::Artefact`], then [`lock::Lock`] and [`repository`].

pub mod artefact;
pub mod junit;
pub mod kotlin;
pub mod lint;
pub mod lock;
pub mod repository;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use heliograph_lab::workspace;
use tokio::process::Command;

use crate::setup;
use artefact::Artefact;
use lock::Lock;

/// What is needed besides artefacts, and the Debian packages that have it.
const PROGRAMS: [(&str, &str); 3] =
    [("java", "default-jdk-headless"), ("javac", "default-jdk-headless"), ("mvn", "maven")];

/// The lock files: the compiler, what Kotlin code runs on, what its tests run on, what looks at its form.
pub const LOCKS: [&str; 4] = [kotlin::COMPILER_LOCK, "heliograph", junit::LOCK, lint::LOCK];

/// The Java that everything is compiled for, which is what Android's tools take as well.
pub const JAVA_VERSION: u32 = 17;

/// The programs without which nothing is fetched, compiled or run.
pub fn programs() -> anyhow::Result<()> {
    setup::programs(&PROGRAMS)?;
    let output = std::process::Command::new("java").arg("-version").output().context("starting java")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = major_version(&said).with_context(|| format!("java does not say its version: {said}"))?;
    ensure!(
        version >= JAVA_VERSION,
        "the `java` in PATH is version {version}, and {JAVA_VERSION} or newer is needed (Debian and Ubuntu: `apt-get \
         install openjdk-{JAVA_VERSION}-jdk-headless`)"
    );
    Ok(())
}

/// The first number of `openjdk version "17.0.15" …`; Java 8 and older call themselves 1.8 and so on.
fn major_version(said: &str) -> Option<u32> {
    let (_, quoted) = said.split_once("version \"")?;
    quoted.split(['.', '"', '-', '+']).next()?.parse().ok()
}

/// What is compiled or generated for the virtual machine.
pub fn folder() -> PathBuf {
    workspace::target().join("jvm")
}

/// The artefacts of one lock file, on this machine.
pub struct Artefacts(Vec<(Artefact, PathBuf)>);

impl Artefacts {
    /// Fetches what is not here yet.
    pub fn of(lock: &str) -> anyhow::Result<Self> {
        let lock = Lock::read(lock)?;
        repository::fetch(&lock)?;
        let placed = |artefact: &Artefact| (artefact.clone(), repository::place(artefact));
        Ok(Self(lock.artefacts().map(placed).collect()))
    }

    /// All jars, in the order of the lock file.
    pub fn class_path(&self) -> Vec<PathBuf> {
        self.0.iter().filter(|(artefact, _)| artefact.kind == "jar").map(|(_, file)| file.clone()).collect()
    }

    /// All AARs, in the order of the lock file.
    pub fn libraries(&self) -> Vec<PathBuf> {
        self.0.iter().filter(|(artefact, _)| artefact.kind == "aar").map(|(_, file)| file.clone()).collect()
    }

    /// One of them, by `group:artifact`.
    pub fn file(&self, name: &str) -> anyhow::Result<&Path> {
        let found = self.0.iter().find(|(artefact, _)| artefact.name() == name);
        found.map(|(_, file)| file.as_path()).with_context(|| format!("the lock file does not name {name}"))
    }
}

/// A class path as Java takes it.
pub fn joined(class_path: &[PathBuf]) -> anyhow::Result<OsString> {
    std::env::join_paths(class_path).context("a path of the class path holds a separator")
}

/// Java with a class path, for the caller to add a class and its arguments.
pub fn java(class_path: &[PathBuf]) -> anyhow::Result<Command> {
    let mut java = Command::new("java");
    java.arg("-cp").arg(joined(class_path)?);
    Ok(java)
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn versions_of_java_are_read() {
        assert_eq!(major_version("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
        assert_eq!(major_version("openjdk version \"21\" 2023-09-19"), Some(21));
        assert_eq!(major_version("openjdk version \"26-ea\" 2026-03-17"), Some(26));
        assert_eq!(major_version("java version \"1.8.0_402\""), Some(1));
        assert_eq!(major_version("command not found"), None);
    }
}
