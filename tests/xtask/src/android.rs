//! The Android shell without Android's own build: resources, classes, tests and packages, from locked artefacts and a few
//! tools of the distribution.
//!
//! Phone developers build `android/` with Gradle, which needs Google's servers and an SDK. Here the same sources are compiled
//! with the same libraries and tested under Robolectric, with nothing but Maven's artefacts, so that the tests run wherever
//! Heliograph's others do. What neither can show is whether a phone likes it.
//!
//! Read first: [`shell::Shell`], which is the whole way from sources to tests; then [`library`] and [`resources`].

pub mod aar;
pub mod apk;
mod dex;
#[cfg(test)]
mod gradle;
pub mod library;
mod manifest;
pub mod native;
#[cfg(test)]
mod native_methods;
pub mod resources;
pub mod sdk;
pub mod shell;
pub mod tools;
pub mod verifier;

use std::path::PathBuf;

use heliograph_lab::workspace;

/// The application's package, and that of its `R` class.
pub const PACKAGE: &str = "org.heliograph.android";

/// Android 8.0: the oldest with notification channels, and what D8 keeps Kotlin's default methods for.
pub const MIN_SDK: u32 = 26;

/// Android 15: the newest that the tests run on.
pub const TARGET_SDK: u32 = 35;

/// What the Android shell is written in.
pub fn sources() -> PathBuf {
    workspace::root().join("android")
}

/// What is unpacked, linked and packaged of it.
pub fn folder() -> PathBuf {
    workspace::target().join("android")
}
