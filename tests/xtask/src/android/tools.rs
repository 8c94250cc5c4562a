//! aapt2, zipalign and apksigner: those in `PATH`, or else the distribution's, unpacked below the target folder.

use std::path::PathBuf;

use crate::jvm;
use crate::setup;
use crate::unpacked::Unpacked;

/// The script that unpacks them.
const SCRIPT: &str = concat!(include_str!("../../archive.sh"), include_str!("../../android-tools.sh"));

/// The programs.
const PROGRAMS: [&str; 3] = ["aapt2", "zipalign", "apksigner"];

/// Android's own programs.
pub struct Tools {
    /// Compiles and links resources.
    pub aapt2: PathBuf,
    /// Puts what is not compressed in an APK where it can be mapped.
    pub zipalign: PathBuf,
    /// Signs and verifies.
    pub apksigner: PathBuf,
}

impl Tools {
    /// Finds them, or fetches them.
    pub fn find() -> anyhow::Result<Self> {
        jvm::programs()?;
        if let [Some(aapt2), Some(zipalign), Some(apksigner)] = PROGRAMS.map(setup::find_program) {
            return Ok(Self { aapt2, zipalign, apksigner });
        }
        let tools = Unpacked {
            what: "Android's tools",
            takes: "15 s",
            script: ("android-tools.sh", SCRIPT),
            missing: "aapt2, zipalign and apksigner are not in PATH (they are in the build tools of Android's SDK) and could not \
                      be fetched. On Debian and Ubuntu they come from the configured package archive: aapt zipalign apksigner",
        };
        let folder = tools.get(super::folder().join("tools"))?;
        let [aapt2, zipalign, apksigner] = PROGRAMS.map(|program| folder.join(program));
        Ok(Self { aapt2, zipalign, apksigner })
    }
}
