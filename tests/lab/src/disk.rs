//! A disk of a few megabytes that can be filled to its last byte: what a phone's storage is one day.
//!
//! A `tmpfs` in a mount namespace of its own (`mount_namespaces(7)`), so that nothing of the machine sees it and it goes
//! with the process that holds it. Root may make one; where users may have namespaces of their own, so may everybody. Linux
//! only. Phones come to it by a small script that enters the namespace before it becomes the terminal shell.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::error::LabError;

/// What is written at once while filling: large first, so that it is quick, then down to the last byte.
const STRIDES: [usize; 3] = [64 * 1024, 4096, 1];

/// The file that takes up the space.
const BALLAST: &str = "ballast";

/// The disk. It is gone when this is dropped.
pub struct SmallDisk {
    holder: Child,
    enter: Vec<String>,
    place: PathBuf,
}

impl SmallDisk {
    /// A disk of this many bytes, seen by its phones at `place`, an existing empty folder.
    pub fn mount(place: &Path, bytes: u64) -> Result<Self, LabError> {
        let mut refusals = Vec::new();
        // With privilege, and in a user's own namespace without any.
        for namespaces in [&["--mount"] as &[&str], &["--map-root-user", "--mount"]] {
            match Self::try_mount(namespaces, place, bytes) {
                Ok(disk) => return Ok(disk),
                Err(error) => refusals.push(format!("unshare {}: {error}", namespaces.join(" "))),
            }
        }
        Err(LabError::NoSmallDisk { reason: refusals.join("; ") })
    }

    /// Whether a disk can be made here at all.
    pub fn check() -> Result<(), LabError> {
        let place = std::env::temp_dir();
        Self::mount(&place, 64 * 1024).map(drop)
    }

    fn try_mount(namespaces: &[&str], place: &Path, bytes: u64) -> io::Result<Self> {
        // It says a word when the disk is there, and holds it until its input ends.
        let script =
            r#"mount -t tmpfs -o "size=$1,mode=0755" tmpfs "$2" && echo mounted && exec cat >/dev/null"#;
        let mut holder = Command::new("unshare")
            .args(namespaces)
            .args(["sh", "-c", script, "sh", &bytes.to_string()])
            .arg(place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut said = String::new();
        if let Some(output) = holder.stdout.take() {
            BufReader::new(output).read_line(&mut said)?;
        }
        if said.trim() != "mounted" {
            let output = holder.wait_with_output()?;
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let mut enter = vec!["nsenter".to_owned(), format!("--target={}", holder.id()), "--mount".to_owned()];
        if namespaces.contains(&"--map-root-user") {
            enter.extend(["--user".to_owned(), "--preserve-credentials".to_owned()]);
        }
        Ok(Self { holder, enter, place: place.to_owned() })
    }

    /// Writes a script that runs `program` with this disk in sight, and gives the script's path.
    pub fn program(&self, program: &Path, script: &Path) -> Result<PathBuf, LabError> {
        let write = || {
            // The place is in a namespace, but the working directory stays outside of it.
            let text = format!("#!/bin/sh\nexec {} '{}' \"$@\"\n", self.enter.join(" "), program.display());
            fs::write(script, text)?;
            fs::set_permissions(script, fs::Permissions::from_mode(0o755))
        };
        write().map_err(LabError::io("writing the script of a small disk"))?;
        Ok(script.to_owned())
    }

    /// A file or folder of the disk, for looking at it from outside.
    pub fn path(&self, name: &str) -> PathBuf {
        let seen = self.place.strip_prefix("/").unwrap_or(&self.place);
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(seen).join(name)
    }

    /// Fills it to the last byte.
    pub fn fill(&self) -> Result<(), LabError> {
        let fill = || {
            let mut ballast = File::options().create(true).append(true).open(self.path(BALLAST))?;
            for stride in STRIDES {
                let block = vec![0; stride];
                loop {
                    match ballast.write_all(&block) {
                        Ok(()) => {}
                        Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                        Err(error) => return Err(error),
                    }
                }
            }
            Ok(())
        };
        fill().map_err(LabError::io("filling a small disk"))
    }

    /// Frees what [`Self::fill`] took.
    pub fn free(&self) -> Result<(), LabError> {
        fs::remove_file(self.path(BALLAST)).map_err(LabError::io("freeing a small disk"))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Its input ends, so it ends; the kernel keeps the disk as long as a phone still runs in it.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::SmallDisk;
    use crate::error::LabError;

    #[test]
    fn a_small_disk_is_full_when_filled_and_nobody_else_sees_it() {
        let place = tempfile::tempdir().unwrap();
        let disk = match SmallDisk::mount(place.path(), 1024 * 1024) {
            Ok(disk) => disk,
            // The stage that needs one says so; this test has nothing to look at.
            Err(LabError::NoSmallDisk { .. }) => return,
            Err(error) => panic!("{error}"),
        };
        std::fs::write(disk.path("before"), "fits").unwrap();
        disk.fill().unwrap();
        let error = std::fs::write(disk.path("after"), "does not fit").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        disk.free().unwrap();
        std::fs::write(disk.path("after"), "fits again").unwrap();
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
