//! Android itself, as Robolectric publishes it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::jvm::Artefacts;

/// The lock file.
pub const LOCK: &str = "android-sdk";

/// What is compiled against: the newest that the tests run on.
const CODE: &str = "android-all-15-";

/// What resources are linked against. The resource table of API 35 is of a form that the distribution's aapt2 can't read.
const RESOURCES: &str = "android-all-14-";

/// What tests run on begins with this.
const TESTED: &str = "android-all-instrumented-";

/// See the module.
pub struct Sdk(Vec<PathBuf>);

impl Sdk {
    /// Fetches it.
    pub fn get() -> anyhow::Result<Self> {
        Ok(Self(Artefacts::of(LOCK)?.class_path()))
    }

    fn starting(&self, name: &str) -> anyhow::Result<&Path> {
        let found = self.0.iter().find(|path| file_name(path).starts_with(name));
        found.map(PathBuf::as_path).with_context(|| format!("{LOCK}.lock has no {name}"))
    }

    /// The classes to compile against.
    pub fn code(&self) -> anyhow::Result<&Path> {
        self.starting(CODE)
    }

    /// The resources to link against.
    pub fn resources(&self) -> anyhow::Result<&Path> {
        self.starting(RESOURCES)
    }

    /// A folder with what tests run on, in the form in which Robolectric looks for it.
    pub fn for_robolectric(&self) -> anyhow::Result<PathBuf> {
        let folder = super::folder().join("robolectric");
        fs::create_dir_all(&folder).context("creating Robolectric's folder")?;
        for jar in self.0.iter().filter(|path| file_name(path).starts_with(TESTED)) {
            let link = folder.join(file_name(jar));
            if !link.exists() {
                if link.is_symlink() {
                    fs::remove_file(&link).context("removing a link that leads nowhere")?;
                }
                std::os::unix::fs::symlink(jar, &link).context("linking what Robolectric runs on")?;
            }
        }
        Ok(folder)
    }
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
