//! What it takes to compile for other platforms than this one.
//!
//! There is no Android or Apple SDK in a package of a Linux distribution, and no standard library for them. A compiler that
//! comes with the library's source builds that itself (`-Zbuild-std`), and where only Rust is looked at a stand-in does for
//! the C compiler (`c-compiler.sh`). What comes of it is checked as far as `cargo check` and clippy do, and never linked.

pub mod arm64;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command as Blocking;

use anyhow::{Context, bail, ensure};
use heliograph_lab::workspace;
use tokio::process::Command;

use crate::layers;
use crate::unpacked::Unpacked;

/// Fetches the compiler.
const FETCH: &str = include_str!("../compiler.sh");

/// The stand-in for a C compiler.
const C_COMPILER: &str = include_str!("../c-compiler.sh");

/// What OpenSSL's build script has to find of OpenSSL: its version. Any that it takes does; nothing is compiled against it.
const OPENSSL_VERSION: &str =
    "#define OPENSSL_VERSION_NUMBER 0x30000000L\n#define OPENSSL_FULL_VERSION_STR \"3.0.0\"\n";

/// What of the standard library is built. The core must unwind: panics are contained at its boundary.
pub const STANDARD_LIBRARY: &str = "-Zbuild-std=std,panic_unwind";

/// A compiler that builds its own standard library.
pub struct Compiler {
    folder: PathBuf,
}

impl Compiler {
    /// The unpacked one, fetched if it isn't there.
    pub fn get() -> anyhow::Result<Self> {
        let fetched = Unpacked {
            what: "a compiler with its library's source",
            takes: "20 s",
            script: ("compiler.sh", FETCH),
            missing: "no Rust compiler with its library's source could be fetched: Debian 12 has one in its security archive",
        };
        let compiler = Self { folder: fetched.get(workspace::target().join("compiler"))? };
        compiler.is_new_enough()?;
        Ok(compiler)
    }

    fn is_new_enough(&self) -> anyhow::Result<()> {
        let output =
            Blocking::new(self.program("rustc")).arg("--version").output().context("starting rustc")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let wanted = layers::metadata()?.packages.iter().find_map(|package| package.rust_version.clone());
        match (version_in(&said), wanted) {
            (Some(has), Some(wanted)) if has >= (wanted.major, wanted.minor) => Ok(()),
            (_, Some(wanted)) => bail!("the fetched compiler is \"{}\", {wanted} is needed", said.trim()),
            (_, None) => bail!("the workspace does not say which compiler it needs"),
        }
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Cargo with this compiler; everything it makes is in a folder of its own below the target folder.
    pub fn cargo(&self, folder: &str, subcommand: &str) -> Command {
        let mut command = match subcommand {
            // The one in cargo's own folder would look for the library of another compiler.
            "clippy" => Command::new(self.program("cargo-clippy")),
            _ => Command::new("cargo"),
        };
        command
            .arg(subcommand)
            .env("RUSTC", self.program("rustc"))
            .env("RUSTDOC", self.program("rustdoc"))
            // Building the library is not declared stable.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", workspace::target().join(folder))
            .env("CARGO_INCREMENTAL", "0");
        command
    }

    /// Lets `command` run the build scripts of crates with C inside for a platform whose headers nobody has here.
    pub fn without_c(&self, command: &mut Command, platform: &str) -> anyhow::Result<()> {
        let folder = self.folder.join("without-c");
        let openssl = folder.join("openssl");
        for below in ["sdk", "openssl/lib"] {
            fs::create_dir_all(folder.join(below)).context("making room for what stands in for C")?;
        }
        let stand_in = folder.join("cc");
        for (file, text) in [
            (stand_in.clone(), C_COMPILER),
            (openssl.join("lib/libssl.a"), ""),
            (openssl.join("lib/libcrypto.a"), ""),
        ] {
            write(&file, text)?;
        }
        pretend_openssl(&openssl.join("include/openssl"))?;
        fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).context("making it a program")?;
        let platform = platform.replace('-', "_");
        for tool in ["CC", "CXX", "AR", "RANLIB"] {
            command.env(format!("{tool}_{platform}"), &stand_in);
        }
        command.env("SDKROOT", folder.join("sdk")).env("OPENSSL_NO_VENDOR", "1").env("OPENSSL_DIR", openssl);
        Ok(())
    }
}

/// The folder in which the ordinary compiler keeps its standard library, and its own programs, for each platform.
pub fn standard_libraries() -> anyhow::Result<PathBuf> {
    let output = Blocking::new("rustc").args(["--print", "sysroot"]).output().context("starting rustc")?;
    ensure!(output.status.success(), "rustc does not say where its libraries are");
    Ok(Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("lib/rustlib"))
}

/// The folder with LLVM's linker, the one that Android's kit has. It comes with the ordinary compiler.
pub fn linker() -> anyhow::Result<PathBuf> {
    let libraries = standard_libraries()?;
    let platforms = fs::read_dir(&libraries).context("reading the compiler's folder")?;
    let found = platforms.flatten().map(|platform| platform.path().join("bin/gcc-ld"));
    found.into_iter().find(|folder| folder.join("ld.lld").is_file()).with_context(
        || "the compiler has come without LLVM's linker: rustup's has it (`rustup toolchain install stable`)",
    )
}

/// Headers in which OpenSSL's build script finds a version, and nothing else.
pub fn pretend_openssl(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).context("making room for OpenSSL's headers")?;
    write(&folder.join("opensslv.h"), OPENSSL_VERSION)?;
    write(&folder.join("opensslconf.h"), "")
}

/// Only if it differs: build scripts run again when a file changes.
fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    if fs::read_to_string(file).ok().as_deref() == Some(text) {
        return Ok(());
    }
    fs::write(file, text).context("writing what stands in for C")
}

/// Major and minor, as in `rustc 1.96.0 (…)`.
fn version_in(said: &str) -> Option<(u64, u64)> {
    let mut numbers = said.split(' ').nth(1)?.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version_in("rustc 1.96.0 (ac68faa20 2026-05-25)"), Some((1, 96)));
        assert!(version_in("rustc 1.100.0") > version_in("rustc 1.96.0"));
        assert_eq!(version_in("rustc"), None);
    }
}
