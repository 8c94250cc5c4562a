//! Writes the bindings for other languages from the built library of `heliograph-ffi`, and the description of what they show.
//!
//! `cargo build -p heliograph-ffi`, then
//! `cargo run -p heliograph-bindgen -- generate --language python --out-dir FOLDER target/debug/libheliograph_ffi.so`, or
//! `cargo run -p heliograph-bindgen -- surface target/debug/libheliograph_ffi.so bindings/ffi/surface.txt [--write]`.
//! Run it inside the workspace (it asks cargo about the crates) and on a library that was not stripped: what it reads are
//! symbols. A crate of its own, so that the generator's dependencies stay out of the library, and with the same exact version
//! of UniFFI, which both sides check when they meet.

mod surface;

use anyhow::{Context as _, bail};
use camino::Utf8PathBuf;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["surface", library, file] => check(library, file, false),
        ["surface", library, file, "--write"] => check(library, file, true),
        _ => {
            uniffi::uniffi_bindgen_main();
            Ok(())
        }
    }
}

/// Compares the library's surface with what the file says, or writes the file.
fn check(library: &str, file: &str, write: bool) -> anyhow::Result<()> {
    let shown = surface::describe(&Utf8PathBuf::from(library))?;
    if write {
        return std::fs::write(file, shown).with_context(|| format!("writing {file}"));
    }
    let expected = std::fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
    if shown == expected {
        return Ok(());
    }
    let only_in = |one: &str, other: &str, sign: &str| {
        let other: std::collections::BTreeSet<&str> = other.lines().collect();
        let lines = one.lines().filter(|line| !other.contains(line));
        lines.fold(String::new(), |said, line| said + sign + " " + line + "\n")
    };
    bail!(
        "what other languages see is not what {file} says:\n{}{}If that is meant, run the same once more with --write, and tell \
         the shells.",
        only_in(&expected, &shown, "-"),
        only_in(&shown, &expected, "+")
    )
}
