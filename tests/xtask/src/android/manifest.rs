//! The manifest, completed with what Gradle keeps elsewhere: the package, the version, and the versions of Android.
//!
//! Gradle refuses a package in the source, and Android needs one in the product. Nothing is merged from the libraries'
//! manifests: what of them matters without Gradle stands in the shell's own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{MIN_SDK, PACKAGE, TARGET_SDK};

/// The version that Android compares. Grows with every release.
const VERSION_CODE: u32 = 1;

/// Writes the completed manifest into `folder`.
pub fn complete(source: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let text = fs::read_to_string(source).with_context(|| format!("reading {}", source.display()))?;
    let completed = completed(&text).context("the manifest has no <manifest> element")?;
    let file = folder.join("AndroidManifest.xml");
    fs::create_dir_all(folder).context("creating the manifest's folder")?;
    fs::write(&file, completed).context("writing the manifest")?;
    Ok(file)
}

fn completed(text: &str) -> Option<String> {
    let (before, element) = text.split_once("<manifest")?;
    let (attributes, content) = element.split_once('>')?;
    Some(format!(
        "{before}<manifest package=\"{PACKAGE}\" android:versionCode=\"{VERSION_CODE}\" android:versionName=\"{}\"\
         {attributes}>\n    <uses-sdk android:minSdkVersion=\"{MIN_SDK}\" android:targetSdkVersion=\"{TARGET_SDK}\"/>{content}",
        env!("CARGO_PKG_VERSION"),
    ))
}

/// The value of the first attribute of this name.
pub fn attribute(manifest: &str, name: &str) -> Option<String> {
    let (_, after) = manifest.split_once(&format!(" {name}=\""))?;
    after.split_once('"').map(|(value, _)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{attribute, completed};

    #[test]
    fn what_gradle_adds_is_added() {
        let text = completed("<?xml?>\n<manifest xmlns:android=\"x\">\n<application/></manifest>").unwrap();
        assert_eq!(attribute(&text, "package").as_deref(), Some("org.heliograph.android"));
        assert_eq!(attribute(&text, "android:minSdkVersion").as_deref(), Some("26"));
        assert!(text.ends_with("/>\n<application/></manifest>"), "{text}");
        assert_eq!(completed("<application/>"), None);
    }
}
