//! What suites in other languages stand on: the library that their bindings load, the sources generated from it, and a
//! server that runs for them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use heliograph_lab::server::PROSODY_13;
use heliograph_lab::{Options, Server, ServerTree, workspace};
use tempfile::TempDir;
use tokio::process::Command;

use super::process::Programs;

/// How the library is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// To be tested.
    Debug,
    /// To be measured.
    Release,
}

impl Profile {
    /// What is to be built before anything is generated: the library; and to be tested also the terminal shell, which
    /// suites run as a client in another process.
    pub fn build(self) -> Command {
        Programs::cargo(match self {
            Self::Debug => &["build", "-p", "heliograph-ffi", "-p", "heliograph-bindgen", "-p", "heliograph"],
            Self::Release => &["build", "--release", "-p", "heliograph-ffi"],
        })
    }

    /// The folder of the library that is loaded.
    pub fn folder(self) -> PathBuf {
        workspace::target().join(match self {
            Self::Debug => "debug",
            Self::Release => "release",
        })
    }

    /// The library that is loaded.
    pub fn library(self) -> PathBuf {
        let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        self.folder().join(format!("{prefix}heliograph_ffi{suffix}"))
    }

    /// Writes the sources of a language that the generator knows by name into a folder.
    pub fn generate(self, language: &str, into: &Path) -> Command {
        let mut generate = self.generator();
        generate.args(["generate", "--no-format", "--language", language, "--out-dir"]);
        generate.arg(into).arg(self.library());
        generate
    }

    /// The generator. To be tested it is built with the library, and run as it is: for `cargo run`, which knows nothing of the
    /// library's features, it would be compiled once more, with all that it consists of.
    pub fn generator(self) -> Command {
        match self {
            Self::Debug => {
                Command::new(self.folder().join(format!("uniffi-bindgen{}", std::env::consts::EXE_SUFFIX)))
            }
            Self::Release => Programs::cargo(&["run", "--quiet", "-p", "heliograph-bindgen", "--"]),
        }
    }
}

/// A server with fresh accounts, which ends when this is dropped.
pub struct Stand {
    server: Server,
    _folder: TempDir,
}

impl Stand {
    /// Starts a server for the suites of this language.
    pub async fn start(language: &str, accounts: &[&str]) -> anyhow::Result<Self> {
        let lab = workspace::target().join("lab");
        std::fs::create_dir_all(&lab).context("creating the lab's folder")?;
        let folder = tempfile::Builder::new().prefix(&format!("{language}-")).tempdir_in(lab);
        let folder = folder.context("creating the server's folder")?;
        let tree = ServerTree::unpacked(PROSODY_13)?;
        let server = Server::start(&tree, folder.path(), Options::with_accounts(accounts)).await?;
        Ok(Self { server, _folder: folder })
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Tells a suite where the server is and who has an account there, in variables that mean the same in each
    /// language: `tests/suites/python/README.md` lists them.
    pub fn tell(&self, suite: &mut Command) {
        let accounts = self.server.accounts().iter();
        let accounts: Vec<String> =
            accounts.map(|account| format!("{}:{}", account.name, account.password)).collect();
        suite
            .env("HELIOGRAPH_SERVER", self.server.starttls_address().to_string())
            .env("HELIOGRAPH_CA", self.server.authority_file())
            .env("HELIOGRAPH_DOMAIN", self.server.domain())
            .env("HELIOGRAPH_ROOMS", self.server.rooms())
            .env("HELIOGRAPH_ACCOUNTS", accounts.join(","));
    }
}
