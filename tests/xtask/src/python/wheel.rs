//! The wheel as a file (Binary distribution format 1.0).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::metadata::{self, NAME, VERSION};
use crate::archive::{self, Archive};

/// What goes into it.
pub struct Contents<'a> {
    /// The module's code.
    pub module: &'a str,
    /// The library that it loads from beside it.
    pub library: &'a [u8],
    /// What an index shows.
    pub readme: &'a str,
    /// The licence's text.
    pub licence: &'a str,
}

/// Writes it into a folder.
pub fn write(contents: &Contents, tag: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let file = folder.join(format!("{NAME}-{VERSION}-{tag}.whl"));
    let library = format!("{}heliograph_ffi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let information = format!("{NAME}-{VERSION}.dist-info");
    let (metadata, wheel) = (metadata::metadata(contents.readme), metadata::wheel(tag));
    let mut record = String::new();
    let mut archive = Archive::create(&file)?;
    for (name, content) in [
        (format!("{NAME}/__init__.py"), contents.module.as_bytes()),
        (format!("{NAME}/{library}"), contents.library),
        // Says that the annotations are meant for type checkers (PEP 561).
        (format!("{NAME}/py.typed"), b""),
        (format!("{information}/licenses/LICENSE"), contents.licence.as_bytes()),
        (format!("{information}/METADATA"), metadata.as_bytes()),
        (format!("{information}/WHEEL"), wheel.as_bytes()),
    ] {
        archive.add(&name, content)?;
        record.push_str(&line(&name, content));
    }
    let own_name = format!("{information}/RECORD");
    // It can't hold its own sum.
    record = record + &own_name + ",,\n";
    archive.add(&own_name, record.as_bytes())?;
    archive.finish()?;
    check(&file, &record)?;
    Ok(file)
}

/// A file's line in `RECORD`: name, sum and size.
fn line(name: &str, content: &[u8]) -> String {
    format!("{name},sha256={},{}\n", URL_SAFE_NO_PAD.encode(Sha256::digest(content)), content.len())
}

/// Opens it again: what is recorded is there, and nothing else.
fn check(file: &Path, record: &str) -> anyhow::Result<()> {
    let mut archive = archive::open(file)?;
    let recorded: Vec<&str> = record.lines().filter_map(|line| line.split(',').next()).collect();
    for name in &recorded {
        archive.by_name(name).with_context(|| format!("the wheel has no {name}"))?;
    }
    ensure!(archive.len() == recorded.len(), "the wheel holds what it does not record");
    ensure!(fs::metadata(file).is_ok_and(|found| found.len() > 0), "the wheel is empty");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Contents, archive, line, write};

    #[test]
    fn sums_are_written_as_pip_reads_them() {
        // Of nothing, in Base64 for addresses and without padding.
        let sum = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        assert_eq!(line("heliograph/py.typed", b""), format!("heliograph/py.typed,sha256={sum},0\n"));
    }

    #[test]
    fn a_wheel_holds_what_an_installer_looks_for() {
        let folder = tempfile::tempdir().unwrap();
        let contents = Contents { module: "x = 1\n", library: b"\x7fELF", readme: "# H\n", licence: "MPL\n" };
        let file = write(&contents, "py3-none-any", folder.path()).unwrap();
        let name = format!("heliograph-{}-py3-none-any.whl", env!("CARGO_PKG_VERSION"));
        assert_eq!(file.file_name().unwrap().to_str(), Some(name.as_str()));
        let mut wheel = archive::open(&file).unwrap();
        let information = format!("heliograph-{}.dist-info", env!("CARGO_PKG_VERSION"));
        let mut record = String::new();
        wheel.by_name(&format!("{information}/RECORD")).unwrap().read_to_string(&mut record).unwrap();
        assert!(
            record.contains("heliograph/__init__.py,sha256=") && record.ends_with("RECORD,,\n"),
            "{record}"
        );
        assert_eq!(record.lines().count(), wheel.len());
        wheel.by_name("heliograph/py.typed").unwrap();
    }
}
