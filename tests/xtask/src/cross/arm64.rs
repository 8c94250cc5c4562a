//! arm64 Linux: what compiles C for it and links, and what runs its programs on another processor.
//!
//! Installed programs, or else the distribution's, unpacked below the target folder (`arm64.sh`).

use std::path::{Path, PathBuf};

use anyhow::Context;
use heliograph_lab::workspace;
use tokio::process::Command;

use crate::setup;
use crate::unpacked::Unpacked;

/// The phones' processor under the one system for which something can be linked and run here. Also the folder of what is made
/// for it, below the target folder.
pub const TARGET: &str = "aarch64-unknown-linux-gnu";

/// Unpacks the programs.
const SCRIPT: &str = concat!(include_str!("../../archive.sh"), include_str!("../../arm64.sh"));

/// The C compiler, which links as well.
const COMPILER: &str = "aarch64-linux-gnu-gcc";

/// The emulator.
const EMULATOR: &str = "qemu-aarch64";

/// All that is used.
const PROGRAMS: [&str; 4] = [COMPILER, "aarch64-linux-gnu-ar", "aarch64-linux-gnu-strip", EMULATOR];

/// Where Debian's cross compiler has the C library that an installed emulator loads.
const INSTALLED_LIBRARIES: &str = "/usr/aarch64-linux-gnu";

/// The programs.
pub struct Tools {
    /// Where they are unpacked; `None` if they are in `PATH`.
    folder: Option<PathBuf>,
}

impl Tools {
    /// Finds them, or fetches them.
    pub fn find() -> anyhow::Result<Self> {
        let installed = Path::new(INSTALLED_LIBRARIES).is_dir()
            && PROGRAMS.iter().all(|program| setup::find_program(program).is_some());
        if installed {
            return Ok(Self { folder: None });
        }
        let missing = format!(
            "not all of these programs are in PATH, and they could not be fetched: {}. On Debian and Ubuntu they come from the \
             configured package archive: gcc-aarch64-linux-gnu qemu-user",
            PROGRAMS.join(", ")
        );
        let tools = Unpacked {
            what: "a C compiler and an emulator for arm64",
            takes: "30 s",
            script: ("arm64.sh", SCRIPT),
            missing: &missing,
        };
        Ok(Self { folder: Some(tools.get(workspace::target().join("arm64-tools"))?) })
    }

    /// One of them, such as `ar`, by its whole name.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.as_ref().map_or_else(|| PathBuf::from(name), |folder| folder.join(name))
    }

    /// Lets cargo link and run programs for [`TARGET`], and build scripts find the C compiler by its name.
    pub fn tell(&self, cargo: &mut Command) -> anyhow::Result<()> {
        let mut runner = self.program(EMULATOR).display().to_string();
        if let Some(folder) = &self.folder {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let folders = std::iter::once(folder.clone()).chain(std::env::split_paths(&path));
            cargo.env("PATH", std::env::join_paths(folders).context("a folder's name holds a separator")?);
        } else {
            runner = format!("{runner} -L {INSTALLED_LIBRARIES}");
        }
        cargo
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", self.program(COMPILER))
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", runner);
        Ok(())
    }
}
