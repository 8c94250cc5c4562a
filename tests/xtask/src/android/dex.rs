//! Classes as Android runs them, made by D8.
//!
//! The libraries' take a minute and a half and change with the lock files only: they are kept.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::MIN_SDK;
use crate::test::Outcome;
use crate::test::process::Programs;

/// D8's entry.
const D8: &str = "com.android.tools.r8.D8";

/// Memory for D8: Compose and all that it stands on at once.
const HEAP: &str = "-Xmx3g";

/// Two jars have these classes, each in its own: what is for every platform, and what is for Android.
const TWIN: &str = "runtime-annotation-jvm";

/// D8, and what it needs to know to translate.
pub struct Dex<'a> {
    /// The jar with D8.
    pub jar: PathBuf,
    /// Android's classes.
    pub android: &'a Path,
}

impl Dex<'_> {
    /// The classes of these jars, translated; from before, if they are the same.
    pub async fn libraries(
        &self,
        jars: &[PathBuf],
        programs: &mut Programs,
    ) -> anyhow::Result<Result<PathBuf, Outcome>> {
        let jars: Vec<PathBuf> =
            jars.iter().filter(|jar| !jar.to_string_lossy().contains(TWIN)).cloned().collect();
        let mut digest = Sha256::new();
        for jar in &jars {
            // A jar of a lock file is what it is called.
            digest.update(jar.as_os_str().as_encoded_bytes());
            digest.update([0]);
        }
        let name = hex::encode(digest.finalize()).chars().take(16).collect::<String>();
        let folder = super::folder().join("dex").join(name);
        if folder.is_dir() {
            return Ok(Ok(folder));
        }
        let fresh = folder.with_extension("new");
        if let Some(failure) = self.translate(&jars, &[], &fresh, programs).await? {
            return Ok(Err(failure));
        }
        fs::rename(&fresh, &folder).context("putting translated libraries in place")?;
        Ok(Ok(folder))
    }

    /// The shell's own classes, translated anew.
    pub async fn own(
        &self,
        jar: PathBuf,
        libraries: &[PathBuf],
        programs: &mut Programs,
    ) -> anyhow::Result<Result<PathBuf, Outcome>> {
        let folder = super::folder().join("dex/own");
        Ok(self.translate(&[jar], libraries, &folder, programs).await?.map_or(Ok(folder), Err))
    }

    async fn translate(
        &self,
        what: &[PathBuf],
        class_path: &[PathBuf],
        into: &Path,
        programs: &mut Programs,
    ) -> anyhow::Result<Option<Outcome>> {
        if into.exists() {
            fs::remove_dir_all(into).context("removing what was translated before")?;
        }
        fs::create_dir_all(into).context("creating a folder for translated classes")?;
        let mut d8 = Command::new("java");
        d8.arg(HEAP).arg("-cp").arg(&self.jar).arg(D8);
        d8.args(["--release", "--min-api", &MIN_SDK.to_string(), "--lib"]).arg(self.android);
        d8.arg("--lib").arg(java_home()?);
        for path in class_path {
            d8.arg("--classpath").arg(path);
        }
        d8.arg("--output").arg(into).args(what);
        programs.run(d8).await
    }
}

/// The files in a folder of translated classes, in the order in which they are numbered.
pub fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for number in 1.. {
        let name = if number == 1 { "classes.dex".to_owned() } else { format!("classes{number}.dex") };
        let file = folder.join(name);
        if !file.is_file() {
            break;
        }
        files.push(file);
    }
    ensure!(!files.is_empty(), "D8 made nothing");
    Ok(files)
}

/// Where the Java is whose own classes are referred to.
fn java_home() -> anyhow::Result<PathBuf> {
    let java = crate::setup::find_program("java").context("there is no java in PATH")?;
    let java = java.canonicalize().context("finding the Java virtual machine")?;
    java.ancestors().nth(2).map(Path::to_path_buf).context("java lies in no folder `bin`")
}
