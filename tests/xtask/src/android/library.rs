//! Android's libraries as they are published: AAR files (zip files with classes, resources and a manifest), unpacked.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use zip::ZipArchive;

use super::manifest;

/// One AAR, unpacked.
pub struct Library {
    folder: PathBuf,
    /// The package of its `R` class.
    pub package: String,
}

impl Library {
    /// Unpacks an AAR, unless that was done before.
    pub fn of(aar: &Path) -> anyhow::Result<Self> {
        let name = aar.file_stem().context("an AAR has a name")?;
        let folder = super::folder().join("libraries").join(name);
        if !folder.is_dir() {
            let fresh = folder.with_extension("new");
            if fresh.exists() {
                fs::remove_dir_all(&fresh).context("removing half of a library")?;
            }
            let file = File::open(aar).with_context(|| format!("opening {}", aar.display()))?;
            let mut archive = ZipArchive::new(file).context("an AAR is a zip file")?;
            archive.extract(&fresh).with_context(|| format!("unpacking {}", aar.display()))?;
            fs::rename(&fresh, &folder).context("putting a library in place")?;
        }
        let manifest =
            fs::read_to_string(folder.join("AndroidManifest.xml")).context("reading a manifest")?;
        let package = manifest::attribute(&manifest, "package");
        ensure!(package.is_some(), "{} does not name its package", aar.display());
        Ok(Self { package: package.unwrap_or_default(), folder })
    }

    /// Its classes. Some libraries hold resources only, or nothing.
    pub fn classes(&self) -> PathBuf {
        self.folder.join("classes.jar")
    }

    /// The folder of its resources, if it has any.
    pub fn resources(&self) -> Option<PathBuf> {
        let folder = self.folder.join("res");
        let has_some = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
        has_some.then_some(folder)
    }

    /// Where its resources lie compiled.
    pub fn compiled_resources(&self) -> PathBuf {
        self.folder.join("resources.flata")
    }

    /// Native libraries, a folder for each kind of processor.
    pub fn native(&self) -> PathBuf {
        self.folder.join("jni")
    }
}

/// Unpacks each of these AARs.
pub fn libraries(aars: &[PathBuf]) -> anyhow::Result<Vec<Library>> {
    aars.iter().map(|aar| Library::of(aar)).collect()
}

/// The classes of those that have any.
pub fn classes(libraries: &[Library]) -> impl Iterator<Item = PathBuf> {
    libraries.iter().map(Library::classes).filter(|classes| classes.is_file())
}
