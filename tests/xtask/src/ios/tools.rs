//! What it takes to build for iOS.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::ensure;

use super::library::TARGETS;
use crate::{cross, setup};

/// Apple's programs that are used: the one joins libraries for several processors, the other makes frameworks.
const PROGRAMS: [&str; 2] = ["lipo", "xcodebuild"];

/// What libraries are compiled against, as Xcode calls it.
const SDKS: [&str; 2] = ["iphoneos", "iphonesimulator"];

/// Says what is missing, all of it at once.
pub fn check_tools() -> anyhow::Result<()> {
    let programs: Vec<&str> =
        PROGRAMS.into_iter().filter(|program| setup::find_program(program).is_none()).collect();
    let sdks: Vec<&str> = SDKS.into_iter().filter(|sdk| !has_sdk(sdk)).collect();
    let missing = missing(&programs, &sdks, &cross::standard_libraries()?);
    ensure!(
        missing.is_empty(),
        "libraries for iOS can't be built here. Missing:\n  {}",
        missing.join("\n  ")
    );
    setup::build_programs()
}

/// Whether Xcode has it. Apple's command line tools without Xcode have not, although they have programs of the same names.
fn has_sdk(name: &str) -> bool {
    let mut xcrun = Command::new("xcrun");
    xcrun.args(["--sdk", name, "--show-sdk-path"]).stdin(Stdio::null()).stdout(Stdio::null());
    xcrun.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// In words, with where to get it.
fn missing(programs: &[&str], sdks: &[&str], libraries: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    if !programs.is_empty() {
        missing.push(format!("{} (Xcode, on a Mac)", programs.join(" and ")));
    }
    if !sdks.is_empty() {
        missing.push(format!(
            "the SDKs {} (Xcode's settings, Components; then `sudo xcode-select --switch /Applications/Xcode.app`)",
            sdks.join(" and ")
        ));
    }
    let targets: Vec<&str> =
        TARGETS.into_iter().filter(|target| !libraries.join(target).join("lib").is_dir()).collect();
    if !targets.is_empty() {
        missing.push(format!("Rust's standard library for them (`rustup target add {}`)", targets.join(" ")));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::{TARGETS, check_tools, missing};

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let rust = tempfile::tempdir().unwrap();
        let text = missing(&["lipo", "xcodebuild"], &["iphoneos"], rust.path()).join("\n");
        for word in [
            "lipo and xcodebuild (Xcode",
            "SDKs iphoneos (",
            "rustup target add aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios`",
        ] {
            assert!(text.contains(word), "{text} does not name {word}");
        }
        for target in TARGETS {
            std::fs::create_dir_all(rust.path().join(target).join("lib")).unwrap();
        }
        assert_eq!(missing(&[], &[], rust.path()), Vec::<String>::new());
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn where_there_is_no_xcode_that_is_said() {
        let said = check_tools().unwrap_err().to_string();
        assert!(said.contains("lipo and xcodebuild (Xcode") && said.contains("iphonesimulator"), "{said}");
    }
}
