//! The repository below the target folder, and how artefacts get there.
//!
//! This machine's Maven fetches them with its own settings, so that mirrors and proxies are those that its owner chose.
//! Each is asked for by itself (`dependency:get`, not transitive). What the default repositories lack is looked for in
//! Google's, where AndroidX lives.
//!
//! A file counts as here when beside it stands the sum that it was found to have. One command at a time fetches:
//! Maven's local repositories are not made for two.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use heliograph_lab::workspace;
use sha2::{Digest, Sha256};

use super::artefact::Artefact;
use super::lock::{Entry, Lock};

/// The plugin that has the goal `get`, in a version that takes coordinates from a project.
const GET_PLUGIN: (&str, &str, &str) = ("org.apache.maven.plugins", "maven-dependency-plugin", "3.8.1");

/// Google's repository: its name, as settings with a mirror may know it, and its address.
const GOOGLE: (&str, &str) = ("google", "https://maven.google.com");

/// Where an artefact lies once it was fetched.
pub fn place(artefact: &Artefact) -> PathBuf {
    folder().join(artefact.path())
}

fn folder() -> PathBuf {
    workspace::target().join("maven")
}

/// Sees to it that all artefacts of a lock file are here, and what the lock file says.
pub fn fetch(lock: &Lock) -> anyhow::Result<()> {
    if lock.entries.iter().all(is_here) {
        return Ok(());
    }
    let _one_at_a_time = hold()?;
    let missing: Vec<&Entry> = lock.entries.iter().filter(|entry| !is_here(entry)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    get(&lock.name, missing.iter().map(|entry| &entry.artefact))?;
    missing.into_iter().try_for_each(check)
}

/// Fetches all artefacts of a lock file and gives the sums; those that the lock file knows must be the same.
pub fn sums(lock: &Lock) -> anyhow::Result<Vec<(Artefact, [u8; 32])>> {
    let _one_at_a_time = hold()?;
    get(&lock.name, lock.artefacts().filter(|artefact| !place(artefact).is_file()))?;
    let sum = |entry: &Entry| {
        if entry.sum.is_some() {
            check(entry)?;
        }
        Ok((entry.artefact.clone(), sum_of(&place(&entry.artefact))?))
    };
    lock.entries.iter().map(sum).collect()
}

/// Waits for other commands that fetch. Let go when the file is closed, also by a command that is killed.
fn hold() -> anyhow::Result<File> {
    fs::create_dir_all(folder()).context("creating the folder for artefacts")?;
    let file = File::create(folder().join(".lock")).context("opening the artefacts' lock")?;
    file.lock().context("waiting for the artefacts' lock")?;
    Ok(file)
}

/// The file that holds the sum that an artefact was found to have.
fn mark(artefact: &Artefact) -> PathBuf {
    let mut path = place(artefact).into_os_string();
    path.push(".checked");
    path.into()
}

fn is_here(entry: &Entry) -> bool {
    let found = fs::read_to_string(mark(&entry.artefact));
    place(&entry.artefact).is_file()
        && entry.sum.is_some_and(|sum| found.is_ok_and(|text| text == hex::encode(sum)))
}

/// Compares a file with its sum. One that is not what it should be does not stay.
fn check(entry: &Entry) -> anyhow::Result<()> {
    let artefact = &entry.artefact;
    let file = place(artefact);
    let found = sum_of(&file)?;
    if Some(found) != entry.sum {
        fs::remove_file(&file).context("removing a file that is not what it should be")?;
        bail!(
            "{artefact} was fetched, but is not what the lock file says: its SHA-256 is {}",
            hex::encode(found)
        );
    }
    fs::write(mark(artefact), hex::encode(found)).context("marking an artefact as checked")
}

fn sum_of(file: &Path) -> anyhow::Result<[u8; 32]> {
    let mut digest = Sha256::new();
    let mut opened = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    io::copy(&mut opened, &mut digest).with_context(|| format!("reading {}", file.display()))?;
    Ok(digest.finalize().into())
}

/// Has Maven fetch artefacts: those that the default repositories have, then the rest with Google's besides.
fn get<'a>(name: &str, wanted: impl Iterator<Item = &'a Artefact>) -> anyhow::Result<()> {
    let wanted: Vec<&Artefact> = wanted.collect();
    let missing = || -> Vec<&Artefact> {
        wanted.iter().copied().filter(|artefact| !place(artefact).is_file()).collect()
    };
    let mut said = String::new();
    for with_google in [false, true] {
        let missing = missing();
        if missing.is_empty() {
            break;
        }
        println!("Fetching {} of the artefacts of {name} through Maven ...", missing.len());
        said = maven(&missing, with_google)?;
    }
    let missing: Vec<String> = missing().into_iter().map(ToString::to_string).collect();
    ensure!(missing.is_empty(), "Maven could not fetch {}: {}", missing.join(", "), said.trim());
    Ok(())
}

/// Runs Maven on a project that asks for nothing but these, each in a module of its own, so that one that can't be had
/// keeps none of the others from coming. Gives what Maven complained of.
fn maven(artefacts: &[&Artefact], with_google: bool) -> anyhow::Result<String> {
    super::programs()?;
    let projects = folder().join(".fetch");
    fs::create_dir_all(&projects).context("creating the folder for Maven's projects")?;
    let mut modules = String::new();
    for (number, artefact) in artefacts.iter().enumerate() {
        let file = format!("{number}.xml");
        fs::write(projects.join(&file), module(number, artefact)).context("writing a project for Maven")?;
        modules += "<module>";
        modules += &file;
        modules += "</module>\n";
    }
    let all = projects.join("pom.xml");
    fs::write(&all, project("all", &format!("<modules>\n{modules}</modules>")))
        .context("writing a project for Maven")?;
    let mut maven = Command::new("mvn");
    maven
        .args(["--batch-mode", "--quiet", "--no-transfer-progress", "--fail-at-end", "--file"])
        .arg(&all)
        .arg(format!("-Dmaven.repo.local={}", folder().display()))
        // Otherwise Maven remembers for a day what a repository did not have.
        .args(["--update-snapshots", "validate"])
        .current_dir(&projects)
        .stdin(Stdio::null());
    if with_google {
        maven.args(["--activate-profiles", GOOGLE.0]);
    }
    let output = maven.output().context("starting mvn")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// The module that fetches one artefact.
fn module(number: usize, artefact: &Artefact) -> String {
    let (group, plugin, version) = GET_PLUGIN;
    let (google, address) = GOOGLE;
    let artefact = artefact.for_get();
    project(
        &format!("artefact-{number}"),
        &format!(
            "<profiles><profile><id>{google}</id><repositories><repository><id>{google}</id><url>{address}</url></repository>\
             </repositories></profile></profiles>\n\
             <build><plugins><plugin><groupId>{group}</groupId><artifactId>{plugin}</artifactId><version>{version}</version>\n\
             <executions><execution><phase>validate</phase><goals><goal>get</goal></goals><configuration>\n\
             <artifact>{artefact}</artifact><transitive>false</transitive>\n\
             </configuration></execution></executions></plugin></plugins></build>"
        ),
    )
}

fn project(name: &str, content: &str) -> String {
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\n\
         <groupId>org.heliograph.fetch</groupId><artifactId>{name}</artifactId><version>1</version>\
         <packaging>pom</packaging>\n{content}\n</project>\n"
    )
}
