//! Where a server comes from: unpacked by `cargo xtask setup`, or installed on this machine.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::workspace;

/// The unpacked Prosody with SASL2 and what builds on it (XEP-0388, XEP-0386, XEP-0484).
pub const PROSODY_13: &str = "prosody13";

/// The unpacked Prosody that stands for older servers: classic SASL only.
pub const PROSODY_012: &str = "prosody012";

/// The unpacked ejabberd, with SASL2 and what builds on it.
pub const EJABBERD: &str = "ejabberd";

/// Which program a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Software {
    /// In Lua, one file for each thing that is stored.
    Prosody,
    /// In Erlang, with an SQL database.
    Ejabberd,
}

/// A server that can be started.
#[derive(Debug, Clone)]
pub struct ServerTree {
    /// What to call it in a table.
    pub name: String,
    pub(crate) software: Software,
    /// What is run; Prosody's `prosodyctl` lies beside it.
    pub(crate) program: PathBuf,
    /// Whether the community modules for SASL2 lie beside Prosody, and work. Those that Debian packages for 0.12 end every
    /// TLS stream.
    pub(crate) sasl2: bool,
}

impl ServerTree {
    /// One that was unpacked: [`PROSODY_13`], [`PROSODY_012`] or [`EJABBERD`].
    pub fn unpacked(name: &str) -> Result<Self, LabError> {
        let tree = workspace::servers().join(name);
        if !tree.join(".complete").is_file() {
            let advice = "`cargo xtask setup` fetches it on Debian and Ubuntu".to_owned();
            return Err(LabError::ServerMissing { name: name.to_owned(), advice });
        }
        let (software, program) =
            if name == EJABBERD { (Software::Ejabberd, "ejabberd") } else { (Software::Prosody, "prosody") };
        Ok(Self { name: name.to_owned(), software, program: tree.join(program), sasl2: name == PROSODY_13 })
    }

    /// The Prosody that is installed, wherever PATH or a package manager's usual folders have it. Without SASL2: which
    /// community modules it has is its owner's affair.
    pub fn installed() -> Result<Self, LabError> {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            // Debian keeps it in /usr/bin; other systems and Homebrew in folders that a user's PATH may lack.
            .chain(["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from))
            .find_map(|folder| Self::in_folder(&folder))
            .ok_or_else(|| LabError::ServerMissing {
                name: "prosody".into(),
                advice: "install the package `prosody` (Homebrew on macOS: `brew install prosody`)".into(),
            })
    }

    /// The one that [`workspace::SERVER_VARIABLE`] names, or else [`Self::any`]: what suites test against that don't care.
    pub fn under_test() -> Result<Self, LabError> {
        match env::var(workspace::SERVER_VARIABLE).as_deref() {
            Ok("installed") => Self::installed(),
            Ok(name) if !name.is_empty() => Self::unpacked(name),
            _ => Self::any(),
        }
    }

    /// The best there is: Prosody 13, then 0.12, then an installed one.
    pub fn any() -> Result<Self, LabError> {
        Self::unpacked(PROSODY_13).or_else(|_| Self::unpacked(PROSODY_012)).or_else(|_| Self::installed())
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let program = folder.join("prosody");
        (program.is_file() && folder.join("prosodyctl").is_file()).then(|| Self {
            name: "prosody".into(),
            software: Software::Prosody,
            program,
            sasl2: false,
        })
    }
}
