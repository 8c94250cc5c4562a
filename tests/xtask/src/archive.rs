//! Zip files that come out the same for the same content.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// A zip file that is being written.
pub struct Archive {
    writer: ZipWriter<File>,
}

impl Archive {
    /// Starts it.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self { writer: ZipWriter::new(file) })
    }

    /// Adds a file that is compressed.
    pub fn add(&mut self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        self.write(name, content, CompressionMethod::Deflated)
    }

    /// Adds a file as it is, so that it can be mapped where it lies.
    pub fn add_stored(&mut self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        self.write(name, content, CompressionMethod::Stored)
    }

    fn write(&mut self, name: &str, content: &[u8], method: CompressionMethod) -> anyhow::Result<()> {
        // Without a time of change, which the format counts from 1980 on.
        let options = SimpleFileOptions::default().compression_method(method);
        self.writer.start_file(name, options).with_context(|| format!("adding {name}"))?;
        self.writer.write_all(content).with_context(|| format!("writing {name}"))
    }

    /// Adds all that another zip file holds, as it is there.
    pub fn add_all_of(&mut self, path: &Path) -> anyhow::Result<()> {
        let mut other = open(path)?;
        for index in 0..other.len() {
            let entry = other.by_index_raw(index).context("reading a zip file")?;
            self.writer.raw_copy_file(entry).context("copying from a zip file")?;
        }
        Ok(())
    }

    /// Adds all classes below a folder, as a jar holds them.
    pub fn add_classes(&mut self, folder: &Path) -> anyhow::Result<()> {
        for (name, path) in files(folder)? {
            self.add(&name, &std::fs::read(&path).with_context(|| format!("reading {name}"))?)?;
        }
        Ok(())
    }

    /// Ends it.
    pub fn finish(self) -> anyhow::Result<()> {
        self.writer.finish().context("ending a zip file")?;
        Ok(())
    }
}

/// Opens a zip file.
pub fn open(path: &Path) -> anyhow::Result<ZipArchive<File>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    ZipArchive::new(file).with_context(|| format!("{} is no zip file", path.display()))
}

/// All files below a folder with their names from there, sorted by these.
pub fn files(folder: &Path) -> anyhow::Result<Vec<(String, std::path::PathBuf)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(below) = folders.pop() {
        let entries = std::fs::read_dir(&below).with_context(|| format!("reading {}", below.display()))?;
        for path in entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()? {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                found.push((name, path));
            }
        }
    }
    found.sort();
    Ok(found)
}
