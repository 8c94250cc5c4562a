//! Programs that are not installed but unpacked below the target folder, by a script that takes them from the package archive
//! of this system.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::setup;

/// The file that a script makes last.
const COMPLETE: &str = ".complete";

/// What is to be unpacked.
pub struct Unpacked<'a> {
    /// What it is, for who waits.
    pub what: &'a str,
    /// How long it takes.
    pub takes: &'a str,
    /// The script's name, for its own messages, and its text. It is given the folder.
    pub script: (&'a str, &'a str),
    /// What to say where it can't be had: what is missing, and where it is to be had.
    pub missing: &'a str,
}

impl Unpacked<'_> {
    /// Unpacks it into `folder`, unless it is there in full; gives the folder.
    pub fn get(&self, folder: PathBuf) -> anyhow::Result<PathBuf> {
        if folder.join(COMPLETE).is_file() {
            return Ok(folder);
        }
        println!("Fetching {} from this system's package archive (about {}) ...", self.what, self.takes);
        let (name, text) = self.script;
        let mut script = Command::new("bash");
        script.args(["-c", text, name]).arg(&folder);
        setup::run_quietly(script).with_context(|| self.missing.to_owned())?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Unpacked;

    #[test]
    fn it_is_unpacked_once_and_what_is_half_unpacked_is_unpacked_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("tools");
        let get = |text: &str| {
            let unpacked =
                Unpacked { what: "tools", takes: "1 s", script: ("tools.sh", text), missing: "no tools" };
            unpacked.get(folder.clone())
        };
        let failed = get("mkdir -p \"$1\"; echo \"$0: no archive\" >&2; exit 3").unwrap_err();
        let said = format!("{failed:#}");
        assert!(said.starts_with("no tools: ") && said.contains("tools.sh: no archive"), "{said}");
        let works = "echo again >> \"$1/runs\"; touch \"$1/.complete\"";
        for _ in 0..2 {
            assert_eq!(get(works).unwrap(), folder);
        }
        assert_eq!(fs::read_to_string(folder.join("runs")).unwrap(), "again\n");
    }
}
