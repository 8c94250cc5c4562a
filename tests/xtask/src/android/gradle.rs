//! The Gradle files, which nothing here can execute: what they say is compared with what the tests ran on.

use std::fs;

use super::{MIN_SDK, PACKAGE, TARGET_SDK, native, shell, verifier};
use crate::jvm::kotlin;
use crate::jvm::lock::Lock;
use crate::layers;

fn read(name: &str) -> String {
    fs::read_to_string(super::sources().join(name)).unwrap()
}

/// What stands between quotes after `key = `, on a line of the catalogue that begins so.
fn quoted(catalogue: &str, key: &str) -> String {
    let line = catalogue.lines().find(|line| line.starts_with(&format!("{key} = \"")));
    line.and_then(|line| line.split('"').nth(1)).unwrap_or_else(|| panic!("no version {key}")).to_owned()
}

#[test]
fn the_catalogue_asks_for_what_was_tested() {
    let catalogue = read("gradle/libs.versions.toml");
    let locks = [shell::LOCK, shell::TEST_LOCK, "heliograph"].map(|name| Lock::read(name).unwrap());
    let mut compared = 0;
    for line in catalogue.lines().filter(|line| line.contains("{ module = ")) {
        let parts: Vec<&str> = line.split('"').collect();
        let (module, version) = (parts[1], quoted(&catalogue, parts[3]));
        if module == "rustls:rustls-platform-verifier" {
            let metadata = layers::with_dependencies().unwrap();
            let mut crates = metadata.packages.iter();
            let brings = crates.find(|package| package.name.as_str() == verifier::CRATE).unwrap();
            assert_eq!(brings.version.to_string(), version, "{module}");
            assert!(read("settings.gradle.kts").contains(&format!("\"{}\"", verifier::CRATE)));
            continue;
        }
        // A library for several platforms is locked in its edition for Android.
        let editions = ["", "-android", "-jvm"].map(|edition| format!("{module}{edition}"));
        let locked =
            locks.iter().flat_map(Lock::artefacts).find(|artefact| editions.contains(&artefact.name()));
        let locked = locked.unwrap_or_else(|| panic!("{module} is in no lock file"));
        assert_eq!(locked.version, version, "{module}");
        compared += 1;
    }
    assert!(compared > 10, "only {compared} libraries were found in the catalogue");
    let compiler = Lock::read(kotlin::COMPILER_LOCK).unwrap();
    let compiler =
        compiler.artefacts().find(|artefact| artefact.artifact == "kotlin-compiler-embeddable").unwrap();
    assert_eq!(compiler.version, quoted(&catalogue, "kotlin"));
}

#[test]
fn the_builds_agree_on_android_and_on_processors() {
    let (app, library) = (read("app/build.gradle.kts"), read("library/build.gradle.kts"));
    for line in [
        format!("minSdk = {MIN_SDK}\n"),
        format!("targetSdk = {TARGET_SDK}\n"),
        format!("compileSdk = {TARGET_SDK}\n"),
        format!("namespace = \"{PACKAGE}\"\n"),
        format!("versionName = \"{}\"\n", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(app.contains(&line), "app/build.gradle.kts does not say {line}");
    }
    assert!(library.contains(&format!("minSdk = {MIN_SDK}\n")));
    for abi in &native::ABIS {
        assert_eq!(library.matches(&format!("\"{}\"", abi.name)).count(), 2, "{}", abi.name);
    }
}

#[test]
fn the_builds_make_the_same_native_libraries() {
    let library = read("library/build.gradle.kts");
    let build = native::build();
    let variables = build.as_std().get_envs();
    let flags: Vec<_> = variables.filter(|(name, _)| *name == "RUSTFLAGS").collect();
    let [(_, Some(flags))] = flags.as_slice() else { panic!("no flags for the linker: {flags:?}") };
    let flags = flags.to_str().unwrap();
    assert!(flags.contains("max-page-size=16384") && library.contains(&format!("\"{flags}\"")), "{flags}");
    let arguments: Vec<_> = build.as_std().get_args().map(|argument| argument.to_str().unwrap()).collect();
    let profile = ["build", "--profile", "phone", "-p", "heliograph-ffi"];
    assert!(arguments.ends_with(&profile), "{arguments:?}");
    assert!(library.contains(&profile.map(|word| format!("\"{word}\"")).join(", ")));
}
