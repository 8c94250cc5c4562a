//! One side of the ingest: a program that is started anew for each run, so that no run inherits another's memory or caches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::measurement::Measurement;
use crate::workload::Workload;

/// See the module.
pub struct Side {
    /// How the table calls it.
    pub name: &'static str,
    program: PathBuf,
    options: Vec<&'static str>,
    prepared: PathBuf,
}

impl Side {
    /// A side whose prepared database lies in `prepared`; `options` follow the workload on its command line.
    pub fn new(
        name: &'static str,
        program: &Path,
        options: Vec<&'static str>,
        prepared: PathBuf,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(&prepared).context("making a folder")?;
        Ok(Self { name, program: program.to_owned(), options, prepared })
    }

    /// Makes what the runs start from.
    pub fn prepare(&self, workload: &Workload) -> anyhow::Result<()> {
        self.call("prepare", &self.prepared, workload).map(|_| ())
    }

    /// One run on a copy of what was prepared, in a folder below `place`.
    pub fn run(&self, place: &Path, workload: &Workload) -> anyhow::Result<Measurement> {
        let folder = tempfile::tempdir_in(place).context("making a folder")?;
        for entry in fs::read_dir(&self.prepared)? {
            let entry = entry?;
            fs::copy(entry.path(), folder.path().join(entry.file_name())).context("copying a database")?;
        }
        let output = self.call("ingest", folder.path(), workload)?;
        serde_json::from_str(output.trim()).context("reading a measurement")
    }

    fn call(&self, command: &str, folder: &Path, workload: &Workload) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            .arg(command)
            .arg(folder)
            .arg(serde_json::to_string(workload)?)
            .args(&self.options)
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("starting {}", self.program.display()))?;
        ensure!(output.status.success(), "{}: {command} failed ({})", self.name, output.status);
        String::from_utf8(output.stdout).context("reading a measurement")
    }
}
