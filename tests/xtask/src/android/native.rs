//! Native libraries for phones: what builds them, and what they must be like.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use goblin::elf::Elf;
use goblin::elf::program_header::PT_LOAD;
use heliograph_lab::workspace;

use crate::{cross, setup};

/// A kind of processor that phones have.
pub struct Abi {
    /// As Android calls it.
    pub name: &'static str,
    /// As Rust calls it.
    pub target: &'static str,
    /// Whether there are phones of it whose memory is in pages of 16 KiB.
    large_pages: bool,
}

/// What is shipped: phones of the last ten years, and emulators.
pub const ABIS: [Abi; 3] = [
    Abi { name: "arm64-v8a", target: "aarch64-linux-android", large_pages: true },
    Abi { name: "armeabi-v7a", target: "armv7-linux-androideabi", large_pages: false },
    Abi { name: "x86_64", target: "x86_64-linux-android", large_pages: true },
];

/// The size of a page on newer phones (Android 15). A library whose parts lie on smaller boundaries is not loaded there.
const LARGE_PAGE: u64 = 16 * 1024;

/// What phones get; `Cargo.toml` says why it is a profile of its own.
pub const PROFILE: &str = "phone";

/// What the linker of Android's kit is told. Older kits lay libraries out for pages of 4 KiB. The list of places that hold an
/// address (a tenth of the library) can be written as differences, which Android understands since its version 6.
pub const LINKER_ARGUMENTS: [&str; 2] = ["-z,max-page-size=16384", "--pack-dyn-relocs=android"];

/// The core's library.
const LIBRARY: &str = "libheliograph_ffi.so";

/// Where Android's native development kit may be, according to those who installed it.
const NDK_VARIABLES: [&str; 3] = ["ANDROID_NDK_HOME", "ANDROID_NDK_ROOT", "NDK_HOME"];

/// Says what is missing to build native libraries, all of it at once.
pub fn check_tools() -> anyhow::Result<()> {
    let missing = missing(
        setup::find_program("cargo-ndk").is_some(),
        NDK_VARIABLES.iter().any(|name| std::env::var_os(name).is_some_and(|path| Path::new(&path).is_dir()))
            || installed_with_sdk(),
        &cross::standard_libraries()?,
    );
    ensure!(
        missing.is_empty(),
        "native libraries for Android can't be built here. Missing:\n  {}",
        missing.join("\n  ")
    );
    Ok(())
}

fn missing(has_cargo_ndk: bool, has_ndk: bool, libraries: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    if !has_cargo_ndk {
        missing.push("cargo-ndk (`cargo install cargo-ndk`)".to_owned());
    }
    if !has_ndk {
        missing.push(format!(
            "Android's NDK, r28 or newer (Android Studio's SDK manager, or `sdkmanager ndk`), in one of {} or below \
             ANDROID_HOME",
            NDK_VARIABLES.join(", ")
        ));
    }
    let targets: Vec<&str> = ABIS
        .iter()
        .map(|abi| abi.target)
        .filter(|target| !libraries.join(target).join("lib").is_dir())
        .collect();
    if !targets.is_empty() {
        missing.push(format!("Rust's standard library for them (`rustup target add {}`)", targets.join(" ")));
    }
    missing
}

/// The kit may be a part of the SDK, which cargo-ndk knows.
fn installed_with_sdk() -> bool {
    let Some(home) = std::env::var_os("ANDROID_HOME") else { return false };
    fs::read_dir(Path::new(&home).join("ndk")).is_ok_and(|mut entries| entries.next().is_some())
}

/// The folder with the core's library for each kind of processor, once [`build`] has made them.
pub fn folder() -> PathBuf {
    workspace::target().join("android/jni")
}

/// What to run to build them into [`folder`].
pub fn build() -> tokio::process::Command {
    let mut build = tokio::process::Command::new("cargo");
    build.arg("ndk");
    for abi in &ABIS {
        build.args(["--target", abi.name]);
    }
    build.args(["--platform", &super::MIN_SDK.to_string(), "--output-dir"]).arg(folder());
    build.args(["build", "--profile", PROFILE, "-p", "heliograph-ffi"]);
    let flags: Vec<String> =
        LINKER_ARGUMENTS.iter().map(|argument| format!("-C link-arg=-Wl,{argument}")).collect();
    build.env("RUSTFLAGS", flags.join(" "));
    build
}

/// The core's library for each kind of processor.
pub fn built() -> anyhow::Result<Vec<(&'static Abi, PathBuf)>> {
    let library = |abi: &'static Abi| {
        let file = folder().join(abi.name).join(LIBRARY);
        ensure!(file.is_file(), "cargo-ndk made no {LIBRARY} for {}", abi.name);
        Ok((abi, file))
    };
    ABIS.iter().map(library).collect()
}

/// Fails for a library that phones with large pages would not load.
pub fn check_pages(abi: &Abi, name: &str, library: &[u8]) -> anyhow::Result<()> {
    let elf = Elf::parse(library).with_context(|| format!("{name} for {} is no library", abi.name))?;
    let smallest = elf
        .program_headers
        .iter()
        .filter(|header| header.p_type == PT_LOAD)
        .map(|header| header.p_align)
        .min();
    match smallest {
        None => bail!("{name} for {} has nothing to load", abi.name),
        Some(alignment) if abi.large_pages && alignment < LARGE_PAGE => {
            bail!("{name} for {} is laid out for pages of {alignment} bytes", abi.name)
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ABIS, check_pages, missing};

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let nothing = tempfile::tempdir().unwrap();
        let text = missing(false, false, nothing.path()).join("\n");
        for word in ["cargo install cargo-ndk", "NDK", "rustup target add aarch64-linux-android armv7"] {
            assert!(text.contains(word), "{text} does not name {word}");
        }
        for abi in &ABIS {
            std::fs::create_dir_all(nothing.path().join(abi.target).join("lib")).unwrap();
        }
        assert_eq!(missing(true, true, nothing.path()), Vec::<String>::new());
    }

    #[test]
    fn libraries_for_small_pages_are_found() {
        // This very program was linked for a computer, with pages of 4 KiB.
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let of = |name: &str| ABIS.iter().find(|abi| abi.name == name).unwrap();
        let error = check_pages(of("arm64-v8a"), "this", &program).unwrap_err().to_string();
        assert!(error.contains("4096"), "{error}");
        check_pages(of("armeabi-v7a"), "this", &program).unwrap();
        assert!(check_pages(of("x86_64"), "text", b"text").is_err());
    }
}
