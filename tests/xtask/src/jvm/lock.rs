//! A lock file: the artefacts that a module needs, each with its SHA-256.
//!
//! One artefact a line, the sum behind it; `#` begins a comment. A line without a sum is one that somebody has just
//! added, and is good for `cargo xtask lock` only.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use heliograph_lab::workspace;

use super::artefact::{self, Artefact};
use super::repository;

/// Where lock files are.
const FOLDER: &str = "tests/xtask/locks";

/// What to do about a lock file.
#[derive(clap::Args)]
pub struct Arguments {
    /// Its name, without the folder and without `.lock`.
    name: String,
}

/// Completes a lock file: fetches what it names and writes down the sums that are missing.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = fs::read_to_string(file(&arguments.name)).context("reading the lock file")?;
    let lock = Lock::parse(&arguments.name, &text)?;
    let added = lock.entries.iter().filter(|entry| entry.sum.is_none()).count();
    let sums = repository::sums(&lock)?;
    let completed = completed(&text, &sums);
    if completed != text {
        fs::write(file(&arguments.name), completed).context("writing the lock file")?;
    }
    println!(
        "{} artefacts are here and as they were; {added} sums were written down.",
        lock.entries.len() - added
    );
    Ok(ExitCode::SUCCESS)
}

/// The text with a sum on each line that lacks one.
fn completed(text: &str, sums: &[(Artefact, [u8; 32])]) -> String {
    let line = |line: &str| {
        let found = sums.iter().find(|(artefact, _)| artefact.to_string() == line.trim());
        found.map_or_else(|| line.to_owned(), |(artefact, sum)| format!("{artefact} {}", hex::encode(sum)))
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

fn file(name: &str) -> PathBuf {
    workspace::root().join(FOLDER).join(format!("{name}.lock"))
}

/// See the module.
pub struct Lock {
    /// What it is called.
    pub name: String,
    /// Its lines.
    pub entries: Vec<Entry>,
}

/// One line of a lock file.
pub struct Entry {
    /// What.
    pub artefact: Artefact,
    /// Its SHA-256, once that is known.
    pub sum: Option<[u8; 32]>,
}

impl Lock {
    /// Reads the lock file of this name.
    pub fn read(name: &str) -> anyhow::Result<Self> {
        let text = fs::read_to_string(file(name)).with_context(|| format!("reading {FOLDER}/{name}.lock"))?;
        let lock = Self::parse(name, &text)?;
        let added = lock.entries.iter().find(|entry| entry.sum.is_none());
        if let Some(Entry { artefact, .. }) = added {
            anyhow::bail!(
                "{FOLDER}/{name}.lock has no sum for {artefact}: `cargo xtask lock {name}` writes it down"
            );
        }
        Ok(lock)
    }

    /// The artefacts in the order of the file.
    pub fn artefacts(&self) -> impl Iterator<Item = &Artefact> {
        self.entries.iter().map(|entry| &entry.artefact)
    }

    fn parse(name: &str, text: &str) -> anyhow::Result<Self> {
        let meaning = |line: &str| line.split_once('#').map_or(line, |(before, _)| before).trim().to_owned();
        let mut entries: Vec<Entry> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = meaning(line);
            if line.is_empty() {
                continue;
            }
            let entry = Entry::parse(&line).with_context(|| format!("{name}.lock, line {}", number + 1))?;
            ensure!(
                entries.iter().all(|other| other.artefact != entry.artefact),
                "{name}.lock names {} twice",
                entry.artefact
            );
            entries.push(entry);
        }
        Ok(Self { name: name.to_owned(), entries })
    }
}

impl Entry {
    fn parse(line: &str) -> anyhow::Result<Self> {
        let (artefact, sum) = match line.split_once(' ') {
            Some((artefact, sum)) => (artefact, Some(artefact::sum(sum.trim())?)),
            None => (line, None),
        };
        Ok(Self { artefact: Artefact::parse(artefact)?, sum })
    }
}

#[cfg(test)]
mod tests {
    use super::{Artefact, Lock, completed};

    const SUM: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn lines_are_artefacts_with_sums() {
        let lock = Lock::parse("a", &format!("# why\n\na:b:jar:1 {SUM} # because\na:c:aar:2\n")).unwrap();
        assert_eq!(lock.artefacts().map(ToString::to_string).collect::<Vec<_>>(), ["a:b:jar:1", "a:c:aar:2"]);
        assert_eq!(lock.entries[0].sum.map(hex::encode).as_deref(), Some(SUM));
        assert_eq!(lock.entries[1].sum, None);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for text in ["a:b:jar:1 00ff", "a:b", &format!("a:b:jar:1 {SUM}\na:b:jar:1 {SUM}")] {
            assert!(Lock::parse("a", text).is_err(), "{text} was accepted");
        }
        let error = Lock::parse("a", "# first\na:b").err().unwrap();
        assert!(format!("{error:#}").contains("a.lock, line 2"), "{error:#}");
    }

    #[test]
    fn missing_sums_are_added_and_the_rest_stays() {
        let sums = [(Artefact::parse("a:c:aar:2").unwrap(), [0x11; 32])];
        let text = completed(&format!("# why\na:b:jar:1 {SUM}\n\na:c:aar:2\n"), &sums);
        assert_eq!(text, format!("# why\na:b:jar:1 {SUM}\n\na:c:aar:2 {}\n", "11".repeat(32)));
    }

    #[test]
    fn every_lock_file_of_the_project_is_complete() {
        for file in std::fs::read_dir(heliograph_lab::workspace::root().join(super::FOLDER)).unwrap() {
            let path = file.unwrap().path();
            Lock::read(path.file_stem().unwrap().to_str().unwrap()).unwrap();
        }
    }
}
