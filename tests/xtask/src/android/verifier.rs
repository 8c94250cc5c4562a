//! The half in Kotlin of the certificate verifier that the core uses on Android.
//!
//! It is in no Maven repository of the world's: a crate brings it along, in a folder that is laid out as one, and cargo knows
//! where that is and has compared its sum. The Gradle build finds it in the same way (`android/settings.gradle.kts`).

use std::path::PathBuf;

use anyhow::{Context, ensure};

use super::library::Library;
use crate::layers;

/// The crate; of the version that the verifier's half in Rust asks for.
pub const CRATE: &str = "rustls-platform-verifier-android";

/// The class that native code looks for, as a file in a jar.
pub const CLASS: &str = "org/rustls/platformverifier/CertificateVerifier.class";

/// What keeps it, and what it answers with, as they are. A line of [`super::aar::RULES`].
pub const RULE: &str = "-keep, includedescriptorclasses class org.rustls.platformverifier.** { *; }";

/// The library, unpacked.
pub fn library() -> anyhow::Result<Library> {
    Library::of(&aar()?)
}

fn aar() -> anyhow::Result<PathBuf> {
    let metadata = layers::with_dependencies()?;
    let package = metadata.packages.iter().find(|package| package.name.as_str() == CRATE);
    let package = package.with_context(|| format!("nothing here depends on {CRATE}"))?;
    let (name, version) = ("rustls-platform-verifier", &package.version);
    let folder = package.manifest_path.parent().context("a crate lies in a folder")?;
    let aar = folder.join(format!("maven/rustls/{name}/{version}/{name}-{version}.aar"));
    ensure!(aar.is_file(), "{CRATE} {version} does not bring its half in Kotlin along");
    Ok(aar.into())
}

/// Whether translated classes have the class in them.
pub fn is_in_dex(dex: &[u8]) -> bool {
    let descriptor = format!("L{};", CLASS.trim_end_matches(".class"));
    dex.windows(descriptor.len()).any(|bytes| bytes == descriptor.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{RULE, aar};
    use crate::android::aar::RULES;

    #[test]
    fn the_kotlin_half_comes_with_the_rust_half_and_is_kept() {
        assert!(aar().unwrap().is_file());
        let rules = std::fs::read_to_string(heliograph_lab::workspace::root().join(RULES)).unwrap();
        assert!(rules.lines().any(|line| line == RULE), "{rules}");
    }
}
