//! Resources: compiled for each library once, then linked with the shell's own into one table and its `R` classes.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use tokio::process::Command;

use super::library::Library;
use super::sdk::Sdk;
use super::tools::Tools;
use super::{MIN_SDK, TARGET_SDK, manifest};
use crate::archive;
use crate::jvm;
use crate::test::Outcome;
use crate::test::process::Programs;

/// The linked resources.
pub struct Resources {
    folder: PathBuf,
}

impl Resources {
    /// The table, as an APK without code.
    pub fn apk(&self) -> PathBuf {
        self.folder.join("resources.apk")
    }

    /// The manifest that went into it, as text.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join("AndroidManifest.xml")
    }

    /// The classes of `R`, of the shell and of each library.
    pub fn classes(&self) -> PathBuf {
        self.folder.join("classes")
    }

    /// Compiles and links.
    pub async fn link(
        tools: &Tools,
        sdk: &Sdk,
        libraries: &[Library],
        programs: &mut Programs,
    ) -> anyhow::Result<Result<Self, Outcome>> {
        let folder = super::folder().join("resources");
        let (own, generated) = (folder.join("own.flata"), folder.join("java"));
        if folder.exists() {
            fs::remove_dir_all(&folder).context("removing what was linked before")?;
        }
        fs::create_dir_all(&generated).context("creating the folder for resources")?;
        let source = super::sources().join("app/src/main");
        let manifest = manifest::complete(&source.join("AndroidManifest.xml"), &folder)?;

        let with_resources: Vec<(&Library, PathBuf)> =
            libraries.iter().filter_map(|library| Some((library, library.resources()?))).collect();
        let mut compile: Vec<(PathBuf, PathBuf)> = with_resources
            .iter()
            .map(|(library, resources)| (resources.clone(), library.compiled_resources()))
            .filter(|(_, compiled)| !compiled.is_file())
            .collect();
        compile.push((source.join("res"), own.clone()));
        for (from, to) in compile {
            let fresh = to.with_extension("new");
            let mut command = Command::new(&tools.aapt2);
            command.arg("compile").arg("--dir").arg(&from).arg("-o").arg(&fresh);
            if let Some(failure) = programs.run(command).await? {
                return Ok(Err(failure));
            }
            fs::rename(&fresh, &to).context("putting compiled resources in place")?;
        }

        let this = Self { folder };
        let mut link = Command::new(&tools.aapt2);
        // The distribution's aapt2 is older than some of what a manifest may hold, such as <queries>.
        link.args([
            "link",
            "--warn-manifest-validation",
            "--auto-add-overlay",
            "--no-static-lib-packages",
            "-I",
        ])
        .arg(sdk.resources()?);
        link.args([
            "--min-sdk-version",
            &MIN_SDK.to_string(),
            "--target-sdk-version",
            &TARGET_SDK.to_string(),
        ]);
        link.arg("--manifest").arg(&manifest).arg("--java").arg(&generated);
        link.arg("-o").arg(this.apk());
        let packages: Vec<&str> = libraries.iter().map(|library| library.package.as_str()).collect();
        link.arg("--extra-packages").arg(packages.join(":"));
        for (library, _) in &with_resources {
            link.arg("-R").arg(library.compiled_resources());
        }
        link.arg("-R").arg(&own);

        let mut javac = Command::new("javac");
        javac.args(["-nowarn", "--release", &jvm::JAVA_VERSION.to_string(), "-d"]).arg(this.classes());
        if let Some(failure) = programs.run(link).await? {
            return Ok(Err(failure));
        }
        javac.args(archive::files(&generated)?.into_iter().map(|(_, path)| path));
        Ok(programs.run(javac).await?.map_or(Ok(this), Err))
    }
}
