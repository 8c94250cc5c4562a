//! The Kotlin module: generated, compiled, and tested on a server that is started for it.
//!
//! What its tests are told is in their environment and documented in `bindings/kotlin/README.md`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use heliograph_lab::workspace;

use super::Outcome;
use super::process::Programs;
use super::stand::{Profile, Stand};
use crate::jvm::kotlin::{self, Module};
use crate::jvm::{self, Artefacts, junit};

/// The module's folder.
const FOLDER: &str = "bindings/kotlin";

/// The lock file of what it stands on.
const LOCK: &str = "heliograph";

/// The accounts that its tests use, each for one part: a phone that is set up anew has new keys, and those who knew the
/// old ones are right to be suspicious.
const ACCOUNTS: [&str; 10] = ["ana", "ben", "chloe", "dora", "eve", "finn", "gina", "hugo", "ida", "jan"];

/// Memory for the tests: little, so that what is not let go shows.
const TEST_HEAP: &str = "-Xmx512m";

/// The classes of the module and of what it is generated over, and the jars that they need.
pub struct Built {
    /// The hand-written classes, then the generated ones.
    pub classes: [PathBuf; 2],
    /// What they need.
    pub libraries: Vec<PathBuf>,
}

impl Built {
    /// All of it, for those who use the module.
    pub fn class_path(&self) -> Vec<PathBuf> {
        self.classes.iter().chain(&self.libraries).cloned().collect()
    }
}

/// Builds, compiles, starts the server, runs the tests.
pub async fn run(programs: &mut Programs) -> anyhow::Result<Outcome> {
    let built = match build(programs, Profile::Debug).await? {
        Ok(built) => built,
        Err(failure) => return Ok(failure),
    };
    let mut class_path = built.class_path();
    let mut tests = Module {
        name: "heliograph-tests".to_owned(),
        sources: vec![workspace::root().join(FOLDER).join("src/test"), quick_start()?],
        class_path: class_path.iter().cloned().chain(Artefacts::of(junit::LOCK)?.class_path()).collect(),
        arguments: vec!["-Werror".to_owned()],
    };
    // What is internal is tested, too.
    let friends = built.classes.each_ref().map(|folder| folder.display().to_string()).join(",");
    tests.arguments.push(format!("-Xfriend-paths={friends}"));
    if let Some(failure) = kotlin::compile(&tests, async |command| programs.run(command).await).await? {
        return Ok(failure);
    }
    class_path.push(tests.classes());

    let server = Stand::start("kotlin", &ACCOUNTS).await?;
    let mut test = junit::tests(
        &tests.classes(),
        &class_path,
        &[library_path(Profile::Debug), TEST_HEAP.to_owned()],
        None,
    )?;
    server.tell(&mut test);
    test.env("HELIOGRAPH_CLASS_PATH", jvm::joined(&class_path)?);
    test.env(workspace::BINARY_VARIABLE, workspace::terminal_shell()?);
    Ok(programs.run(test).await?.unwrap_or_else(|| Outcome::Passed(programs.counts())))
}

/// From the library to classes.
pub async fn build(programs: &mut Programs, profile: Profile) -> anyhow::Result<Result<Built, Outcome>> {
    if let Some(failure) = programs.run(profile.build()).await? {
        return Ok(Err(failure));
    }
    let scratch = tempfile::tempdir().context("creating a folder for generated code")?;
    if let Some(failure) = programs.run(profile.generate("kotlin", scratch.path())).await? {
        return Ok(Err(failure));
    }
    let root = workspace::root().join(FOLDER);
    let libraries = Artefacts::of(LOCK)?.class_path();
    let generated = Module {
        name: "heliograph-ffi".to_owned(),
        sources: vec![settled(scratch.path())?, root.join("src/ids")],
        class_path: libraries.clone(),
        // The generator's style is not ours to mend.
        arguments: vec!["-nowarn".to_owned()],
    };
    let written = Module {
        name: "heliograph".to_owned(),
        sources: vec![root.join("src/main")],
        class_path: std::iter::once(generated.classes()).chain(libraries.clone()).collect(),
        arguments: kotlin::strict(),
    };
    for module in [&generated, &written] {
        if let Some(failure) = kotlin::compile(module, async |command| programs.run(command).await).await? {
            return Ok(Err(failure));
        }
    }
    Ok(Ok(Built { classes: [written.classes(), generated.classes()], libraries }))
}

/// Where the virtual machine finds the library.
pub fn library_path(profile: Profile) -> String {
    format!("-Djna.library.path={}", profile.folder().display())
}

/// Puts the generated file where it stays, which it does untouched if it is the same: then nothing is compiled again.
fn settled(scratch: &Path) -> anyhow::Result<PathBuf> {
    let fresh = fs::read(scratch.join("org/heliograph/ffi/heliograph.kt"));
    let fresh = fresh.context("the generator did not write what it should")?;
    let folder = jvm::folder().join("generated");
    let place = folder.join("heliograph.kt");
    if !fs::read(&place).is_ok_and(|had| had == fresh) {
        fs::create_dir_all(&folder).context("creating the folder for generated code")?;
        fs::write(&place, fresh).context("writing generated code")?;
    }
    Ok(folder)
}

/// The quick start of the README as a file that compiles. The tests run it with accounts of their server.
fn quick_start() -> anyhow::Result<PathBuf> {
    let readme = fs::read_to_string(workspace::root().join(FOLDER).join("README.md"));
    let readme = readme.context("reading the README of the Kotlin module")?;
    let code = readme.split_once("```kotlin\n").and_then(|(_, rest)| rest.split_once("```"));
    let (code, _) = code.context("the README of the Kotlin module has no quick start")?;
    let place = jvm::folder().join("quick-start").join("QuickStart.kt");
    let mut code = format!("package org.heliograph.quickstart\n\n{code}");
    // The account is the tests' to say, and so is the place of its server, which no DNS knows.
    for (example, real) in [
        ("AccountConfig(\"ana@example.org\", password = \"her password\")", "account"),
        ("\"ben@example.org\"", "contact"),
        ("fun main()", "fun quickStart(path: String, account: AccountConfig, contact: String)"),
        ("\"ana.db\"", "path"),
    ] {
        ensure!(code.contains(example), "the quick start of the Kotlin module does not hold {example}");
        code = code.replace(example, real);
    }
    fs::create_dir_all(place.parent().unwrap_or(&place)).context("creating the quick start's folder")?;
    fs::write(&place, code).context("writing the quick start")?;
    Ok(place)
}
