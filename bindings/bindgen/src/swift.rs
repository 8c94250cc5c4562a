//! Writes the Swift bindings: `--swift-sources`, `--headers` or `--modulemap`, then the built library and the folder.
//!
//! What `main.rs` says about where to run it and on what holds here too.

fn main() {
    uniffi::uniffi_bindgen_swift();
}
