//! The generated half of `bindings/swift`, which is never checked in: it is read out of the built library.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use heliograph_lab::workspace;
use tokio::process::Command;

/// The package over the generated code.
pub const PACKAGE: &str = "bindings/swift";

/// The C module that the generated Swift calls into; the package and the framework name it the same.
pub const C_MODULE: &str = "heliographFFI";

/// The built core.
pub fn library() -> PathBuf {
    let name = format!("{}heliograph_ffi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    workspace::target().join("debug").join(name)
}

/// The commands that write the Swift sources, the C header and the module map for them.
///
/// They read `library`, which must not be stripped, and need the generator that `cargo build -p heliograph-bindgen` makes.
pub fn generators(library: &Path, swift: &Path, headers: &Path) -> Vec<Command> {
    let generator = |folder: &Path, arguments: &[&str]| {
        let mut command = Command::new(workspace::target().join("debug").join("uniffi-bindgen-swift"));
        command.current_dir(workspace::root()).args(arguments).arg(library).arg(folder);
        command
    };
    // Also an XCFramework of libraries takes this map. The generator's `--xcframework` is for one of frameworks.
    let module_map = ["--modulemap", "--module-name", C_MODULE, "--modulemap-filename", "module.modulemap"];
    vec![
        generator(swift, &["--swift-sources"]),
        generator(headers, &["--headers"]),
        generator(headers, &module_map),
    ]
}

/// The commands that write what the package needs to be built where it lies, from a library for any platform.
pub fn generators_in_place(library: &Path) -> Vec<Command> {
    let sources = workspace::root().join(PACKAGE).join("Sources");
    generators(library, &sources.join("HeliographCore").join("Generated"), &sources.join(C_MODULE))
}

/// Puts the library alone into a folder, and gives that: beside it in cargo's own lies the static one, of the same name.
pub fn library_folder() -> anyhow::Result<PathBuf> {
    let folder = workspace::target().join("swift").join("library");
    fs::create_dir_all(&folder).context("creating the folder for the library")?;
    let library = library();
    let copy = library.file_name().map(|name| folder.join(name)).unwrap_or_default();
    fs::copy(&library, copy).context("putting the library where Swift looks for it")?;
    Ok(folder)
}
