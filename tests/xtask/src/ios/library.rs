//! The core's library for each kind of device, and the framework of them.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use heliograph_lab::workspace;
use tokio::process::Command;

use super::OLDEST_IOS;
use crate::test::process::Programs;

/// A phone or a tablet.
const DEVICE: &str = "aarch64-apple-ios";

/// A device that a Mac pretends to be, on each of the processors that Macs have.
const SIMULATORS: [&str; 2] = ["aarch64-apple-ios-sim", "x86_64-apple-ios"];

/// What Rust calls them all.
pub const TARGETS: [&str; 3] = [DEVICE, SIMULATORS[0], SIMULATORS[1]];

/// What phones get; `Cargo.toml` says why it is a profile of its own.
const PROFILE: &str = "phone";

/// Where the build script of SQLCipher looks for an OpenSSL.
const OPENSSL_VARIABLES: [&str; 3] = ["OPENSSL_DIR", "OPENSSL_LIB_DIR", "OPENSSL_INCLUDE_DIR"];

/// The core's library, to be linked into an app.
const LIBRARY: &str = "libheliograph_ffi.a";

/// What builds everything that [`Libraries`] finds, and the generator.
pub fn builds() -> Vec<Command> {
    let mut builds: Vec<Command> = TARGETS.into_iter().map(build).collect();
    builds.push(Programs::cargo(&["build", "-p", "heliograph-bindgen"]));
    builds
}

fn build(target: &str) -> Command {
    // Nothing else of the crate: a dynamic library would want to be signed.
    let mut cargo = Programs::cargo(&["rustc", "-p", "heliograph-ffi", "--lib", "--crate-type", "staticlib"]);
    cargo.args(["--profile", PROFILE, "--target", target]);
    // Also for the C inside. Else it is whatever the SDK is newest for, and the linker of an app has objections.
    cargo.env("IPHONEOS_DEPLOYMENT_TARGET", format!("{OLDEST_IOS}.0"));
    // SQLCipher takes Apple's ciphers unless somebody points to an OpenSSL, which would be one for Macs.
    for variable in OPENSSL_VARIABLES {
        cargo.env_remove(variable);
    }
    cargo
}

/// What was built.
pub struct Libraries {
    /// For a device.
    pub device: PathBuf,
    simulators: Vec<PathBuf>,
    simulator: PathBuf,
}

impl Libraries {
    /// Those that [`builds`] made; those for simulators are joined in `folder`.
    pub fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let built = |target: &str| {
            let file = workspace::target().join(target).join(PROFILE).join(LIBRARY);
            ensure!(file.is_file(), "cargo made no {LIBRARY} for {target}");
            Ok(file)
        };
        let simulator = folder.join("simulator");
        std::fs::create_dir_all(&simulator).context("making room for a library")?;
        Ok(Self {
            device: built(DEVICE)?,
            simulators: SIMULATORS.into_iter().map(built).collect::<anyhow::Result<_>>()?,
            simulator: simulator.join(LIBRARY),
        })
    }

    /// Joins those for simulators: a framework has one library for each kind of device, and a kind may have two processors.
    pub fn join(&self) -> Command {
        let mut lipo = Command::new("lipo");
        lipo.arg("-create").args(&self.simulators).arg("-output").arg(&self.simulator);
        lipo
    }

    /// Makes the framework, with the headers beside each library. `xcodebuild` writes the list of what is in it (Info.plist).
    pub fn framework(&self, headers: &Path, framework: &Path) -> Command {
        let mut xcodebuild = Command::new("xcodebuild");
        xcodebuild.arg("-create-xcframework");
        for library in [&self.device, &self.simulator] {
            xcodebuild.arg("-library").arg(library).arg("-headers").arg(headers);
        }
        xcodebuild.arg("-output").arg(framework);
        xcodebuild
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Command, Libraries, builds};

    fn words(command: &Command) -> String {
        let command = command.as_std();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn simulators_share_a_library_and_devices_have_their_own() {
        let libraries = Libraries {
            device: PathBuf::from("d.a"),
            simulators: vec![PathBuf::from("s1.a"), PathBuf::from("s2.a")],
            simulator: PathBuf::from("s.a"),
        };
        assert_eq!(words(&libraries.join()), "lipo -create s1.a s2.a -output s.a");
        assert_eq!(
            words(&libraries.framework(Path::new("h"), Path::new("f"))),
            "xcodebuild -create-xcframework -library d.a -headers h -library s.a -headers h -output f"
        );
    }

    #[test]
    fn every_target_is_built_for_the_same_ios() {
        let builds = builds();
        let of_the_core: Vec<&Command> =
            builds.iter().filter(|build| words(build).contains("heliograph-ffi")).collect();
        assert_eq!(of_the_core.len(), 3);
        for build in of_the_core {
            assert!(words(build).contains("--crate-type staticlib --profile phone --target "), "{build:?}");
            let mut variables = build.as_std().get_envs();
            assert!(
                variables
                    .any(|(name, value)| name == "IPHONEOS_DEPLOYMENT_TARGET" && value.unwrap() == "17.0")
            );
            // What a shell has set for other work does not get into an app.
            let removed = build.as_std().get_envs().filter(|(_, value)| value.is_none());
            let removed: Vec<_> = removed.map(|(name, _)| name.to_string_lossy()).collect();
            assert_eq!(removed, ["OPENSSL_DIR", "OPENSSL_INCLUDE_DIR", "OPENSSL_LIB_DIR"]);
        }
    }
}
