//! The library for app developers, as an AAR: the Kotlin module with the core's native libraries inside.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use zip::ZipArchive;

use super::{MIN_SDK, native, verifier};
use crate::archive::{self, Archive};

/// Its package. Not that of the Kotlin module's classes: two libraries of one app may not share theirs.
const PACKAGE: &str = "org.heliograph.library";

/// What R8 has to keep, for the library and for an app of it.
pub const RULES: &str = "bindings/kotlin/rules.txt";

/// Makes the AAR of these folders of classes, with the native libraries if they were built.
pub fn make(classes: &[PathBuf], with_native: bool) -> anyhow::Result<PathBuf> {
    let folder = super::folder().join("package");
    fs::create_dir_all(&folder).context("creating the folder for packages")?;
    let jar = folder.join("classes.jar");
    let mut inner = Archive::create(&jar)?;
    for classes in classes {
        inner.add_classes(classes)?;
    }
    // Nobody could fetch it as a dependency of this library.
    inner.add_all_of(&verifier::library()?.classes())?;
    inner.finish()?;

    let aar = folder.join(format!("heliograph-{}.aar", env!("CARGO_PKG_VERSION")));
    let mut archive = Archive::create(&aar)?;
    archive.add("AndroidManifest.xml", manifest().as_bytes())?;
    archive.add("classes.jar", &fs::read(&jar).context("reading classes")?)?;
    // There are no resources; the file must be there all the same.
    archive.add("R.txt", b"")?;
    let rules = heliograph_lab::workspace::root().join(RULES);
    archive.add("proguard.txt", &fs::read(rules).context("reading the rules for R8")?)?;
    if with_native {
        for (abi, library) in native::built()? {
            let content = fs::read(&library).context("reading a native library")?;
            let name = library.file_name().unwrap_or_default().to_string_lossy().into_owned();
            native::check_pages(abi, &name, &content)?;
            archive.add(&format!("jni/{}/{name}", abi.name), &content)?;
        }
    }
    archive.finish()?;
    check(&aar, with_native)?;
    Ok(aar)
}

fn manifest() -> String {
    format!(
        "<manifest xmlns:android=\"http://schemas.android.com/apk/res/android\" package=\"{PACKAGE}\">\n    \
         <uses-sdk android:minSdkVersion=\"{MIN_SDK}\"/>\n    \
         <uses-permission android:name=\"android.permission.INTERNET\"/>\n</manifest>\n"
    )
}

/// Opens it again: an AAR is what it holds.
fn check(aar: &Path, with_native: bool) -> anyhow::Result<()> {
    let mut archive = archive::open(aar)?;
    for name in ["AndroidManifest.xml", "classes.jar", "R.txt", "proguard.txt"] {
        archive.by_name(name).with_context(|| format!("the AAR has no {name}"))?;
    }
    let mut content = Vec::new();
    archive.by_name("proguard.txt")?.read_to_end(&mut content).context("reading the rules for R8")?;
    let rules = String::from_utf8_lossy(&content);
    ensure!(
        rules.lines().any(|line| line == verifier::RULE),
        "the AAR's rules drop the certificate verifier"
    );
    content.clear();
    archive.by_name("classes.jar")?.read_to_end(&mut content).context("reading classes")?;
    let classes = ZipArchive::new(Cursor::new(content)).context("classes.jar is no zip file")?;
    ensure!(classes.index_for_name(verifier::CLASS).is_some(), "the AAR has no {}", verifier::CLASS);
    let natives = archive.file_names().flatten().filter(|name| name.starts_with("jni/")).count();
    ensure!(
        natives == if with_native { native::ABIS.len() } else { 0 },
        "the AAR has {natives} native libraries"
    );
    Ok(())
}
