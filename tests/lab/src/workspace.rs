//! Where things lie: the workspace, what was built, what was downloaded.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::LabError;

/// Names the folder with the unpacked servers, if it is not `target/servers`.
pub const SERVERS_VARIABLE: &str = "HELIOGRAPH_SERVERS";

/// Names the server that a suite is to run against: `prosody13`, `prosody012`, `ejabberd` or `installed` (a Prosody).
pub const SERVER_VARIABLE: &str = "HELIOGRAPH_SERVER_TREE";

/// Names the terminal shell to drive, if it is not the one in the target folder.
pub const BINARY_VARIABLE: &str = "HELIOGRAPH_BINARY";

/// The workspace's folder: two levels above this crate.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Cargo's target folder. Everything that is generated, downloaded or run lies below it.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The folder of the unpacked servers.
pub fn servers() -> PathBuf {
    env::var_os(SERVERS_VARIABLE).map_or_else(|| target().join("servers"), |folder| root().join(folder))
}

/// The terminal shell's program.
pub fn terminal_shell() -> Result<PathBuf, LabError> {
    let path = env::var_os(BINARY_VARIABLE).map_or_else(
        || target().join("debug").join(format!("heliograph{}", env::consts::EXE_SUFFIX)),
        |path| root().join(path),
    );
    if path.is_file() {
        Ok(path)
    } else {
        Err(LabError::NotBuilt { path, advice: "build it with `cargo build -p heliograph`".into() })
    }
}
