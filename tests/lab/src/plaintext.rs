//! Searching files for texts that must not be there.
//!
//! A search that finds nothing proves nothing unless it can find: callers search for something that has to be there, too.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::LabError;

/// Where a text was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which of the texts, by its place in the list.
    pub text: usize,
    /// The file that holds it.
    pub file: PathBuf,
}

/// All files in a folder and below, in order of their paths.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, LabError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(LabError::io("listing a folder"))? {
            let path = entry.map_err(LabError::io("listing a folder"))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                // Not sockets: they hold nothing and can't be read.
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Which of `texts` stand in which of `files`, byte for byte: as UTF-8, as UTF-16 in either order (SQLite knows both), and
/// with XML's escapes. A file that vanished meanwhile holds nothing.
pub fn search(files: &[PathBuf], texts: &[&str]) -> Result<Vec<Finding>, LabError> {
    let forms: Vec<Vec<Vec<u8>>> = texts.iter().map(|text| written_forms(text)).collect();
    let mut findings = Vec::new();
    for file in files {
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(LabError::io("searching a file")(error)),
        };
        for (text, forms) in forms.iter().enumerate() {
            if forms.iter().any(|form| contains(&bytes, form)) {
                findings.push(Finding { text, file: file.clone() });
            }
        }
    }
    Ok(findings)
}

/// How often a text stands in these files, as it is. A file that vanished meanwhile holds nothing.
pub fn occurrences(files: &[PathBuf], text: &str) -> Result<usize, LabError> {
    let mut total = 0;
    for file in files {
        match fs::read(file) {
            Ok(bytes) => total += places(&bytes, text.as_bytes()).count(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(LabError::io("searching a file")(error)),
        }
    }
    Ok(total)
}

fn written_forms(text: &str) -> Vec<Vec<u8>> {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&apos;")
        .replace('"', "&quot;");
    let mut forms = vec![
        text.as_bytes().to_vec(),
        escaped.into_bytes(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ];
    forms.retain(|form| !form.is_empty());
    forms
}

fn contains(bytes: &[u8], form: &[u8]) -> bool {
    places(bytes, form).next().is_some()
}

/// Where a form starts; nowhere if it is empty.
fn places<'a>(bytes: &'a [u8], form: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = form.first();
    bytes
        .iter()
        .enumerate()
        .filter(move |(_, byte)| Some(*byte) == first)
        .map(|(start, _)| start)
        .filter(move |start| bytes.get(*start..).is_some_and(|rest| rest.starts_with(form)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Finding, files, occurrences, search};

    #[test]
    fn a_text_is_found_in_every_form_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        write("a/plain", b"xx we'll land at 6 xx");
        write("b/archive.list", b"<body>we&apos;ll land at 6</body>");
        write("c/wide", &wide("(we'll land at 6)"));
        write("d/close", b"we'll land at 7");

        let all = files(folder.path()).unwrap();
        assert_eq!(all.len(), 4);
        let found = search(&all, &["not there", "we'll land at 6"]).unwrap();
        let expected: Vec<Finding> =
            all[..3].iter().map(|file| Finding { text: 1, file: file.clone() }).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_occurrence_counts() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "sealed sealed seal").unwrap();
        fs::write(folder.path().join("b"), "xsealedx").unwrap();
        let all = files(folder.path()).unwrap();
        assert_eq!(occurrences(&all, "sealed").unwrap(), 3);
        assert_eq!(occurrences(&all, "").unwrap(), 0);
    }
}
