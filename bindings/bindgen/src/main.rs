//! Writes the bindings for other languages from the built library of `heliograph-ffi`.
//!
//! `cargo build -p heliograph-ffi`, then
//! `cargo run -p heliograph-bindgen -- generate --language python --out-dir FOLDER target/debug/libheliograph_ffi.so`.
//! Run it inside the workspace (it asks cargo about the crates) and on a library that was not stripped: what it reads are
//! symbols. A crate of its own, so that the generator's dependencies stay out of the library, and with the same exact version
//! of UniFFI, which both sides check when they meet.

fn main() {
    uniffi::uniffi_bindgen_main();
}
