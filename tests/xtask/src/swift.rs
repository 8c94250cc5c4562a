//! The Swift tool chain: an installed one, or else one that is unpacked below the target folder.
//!
//! `swift.sh` gets the latter from the system's package archive, on Debian only. Its programs run in a namespace of their own
//! in which this workspace lies where it lies outside, so that whoever gives them paths need not know which of the two it is.
//! What the packages consist of beside what is checked in: [`sources`].

pub mod sources;
#[cfg(test)]
mod words;

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context;
use heliograph_lab::workspace;
use tokio::process::Command;

use crate::setup;

/// The script that unpacks the tool chain.
const SCRIPT: &str = concat!(include_str!("../archive.sh"), include_str!("../swift.sh"));

/// The first version that knows typed `throws` and checks data races, which the packages rely on.
const OLDEST: (u32, u32) = (6, 0);

/// A tool chain that is there.
pub enum Swift {
    /// `swift` in `PATH`.
    Installed,
    /// Unpacked, with this start script.
    Unpacked(PathBuf),
}

impl Swift {
    /// Looks for a tool chain, and fetches one if there is none and it may be had.
    pub fn find() -> anyhow::Result<Self> {
        if installed().is_some_and(|version| version >= OLDEST) {
            return Ok(Self::Installed);
        }
        let tree = workspace::target().join("swift").join("toolchain");
        let start = tree.join("swift-in");
        if tree.join(".complete").is_file() && start.is_file() {
            return Ok(Self::Unpacked(start));
        }
        println!("Fetching Swift from this system's package archive (1.2 GB unpacked, about a minute) ...");
        let mut script = std::process::Command::new("bash");
        script.args(["-c", SCRIPT, "swift.sh"]).arg(&tree);
        setup::run_quietly(script).with_context(|| {
            format!(
                "Swift {}.{} or newer is not installed and could not be fetched. On Debian it comes from the configured \
                 package archive; elsewhere install it as https://swift.org/install says",
                OLDEST.0, OLDEST.1
            )
        })?;
        let swift = Self::Unpacked(start);
        // A kernel may forbid namespaces to users, which the tree needs.
        let mut version = swift.command("swift").into_std();
        version.arg("--version");
        setup::run_quietly(version).context("the unpacked Swift does not start")?;
        Ok(swift)
    }

    /// A command of the tool chain for tests, which on Linux may mount what nobody else sees: small disks.
    pub fn tests(&self) -> Command {
        match self {
            Self::Installed if cfg!(target_os = "linux") => {
                let mut command = Command::new("unshare");
                command.args(namespaces()).arg("swift");
                command
            }
            // The tree's start script makes a namespace.
            _ => self.command("swift"),
        }
    }

    /// A command of the tool chain, in the workspace's folder.
    pub fn command(&self, program: &str) -> Command {
        match self {
            Self::Installed => Command::new(program),
            Self::Unpacked(start) => {
                let mut command = Command::new(start);
                command.arg(workspace::root()).arg(program);
                command.current_dir(workspace::root());
                command
            }
        }
    }
}

/// What lets a process mount, for itself alone: root needs a namespace, everybody else one of a user's own as well.
fn namespaces() -> &'static [&'static str] {
    let mut privileged = std::process::Command::new("unshare");
    privileged.args(["--mount", "true"]).stderr(Stdio::null());
    if privileged.status().is_ok_and(|status| status.success()) {
        &["--mount"]
    } else {
        &["--map-root-user", "--mount"]
    }
}

/// The version of an installed Swift.
fn installed() -> Option<(u32, u32)> {
    let output = std::process::Command::new("swift").arg("--version").stdin(Stdio::null()).output().ok()?;
    version(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `Swift version 6.0.3 (…)`, which other words may go before.
fn version(text: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.split_once("Swift version ")?;
    let mut numbers = rest.split(|letter: char| !letter.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_read_as_all_systems_write_them() {
        assert_eq!(
            version("Swift version 6.0.3 (swift-6.0.3-RELEASE)\nTarget: x86_64-unknown-linux-gnu"),
            Some((6, 0))
        );
        assert_eq!(
            version("swift-driver version: 1.115 Apple Swift version 6.1 (swiftlang-6.1.0)"),
            Some((6, 1))
        );
        assert_eq!(version("command not found"), None);
    }
}
