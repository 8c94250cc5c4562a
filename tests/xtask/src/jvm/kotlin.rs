//! Compiling Kotlin, with the compiler of the lock file.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::{Artefacts, JAVA_VERSION};

/// The lock file of the compiler.
pub const COMPILER_LOCK: &str = "kotlinc";

/// The compiler's entry.
const COMPILER: &str = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler";

/// Memory for the compiler: twice what the generated bindings need.
const HEAP: &str = "-Xmx1g";

/// What is compiled together.
pub struct Module {
    /// Its name; also that of its folder below [`super::folder`].
    pub name: String,
    /// Folders and files of sources, Kotlin's and Java's.
    pub sources: Vec<PathBuf>,
    /// Jars and folders of classes that it uses.
    pub class_path: Vec<PathBuf>,
    /// Further arguments for the compiler.
    pub arguments: Vec<String>,
}

/// For code that others use: what is public says so, and nothing is left that the compiler warns of.
pub fn strict() -> Vec<String> {
    ["-Xexplicit-api=strict", "-Werror"].map(str::to_owned).to_vec()
}

impl Module {
    /// Where its classes are once it is compiled.
    pub fn classes(&self) -> PathBuf {
        super::folder().join(&self.name)
    }

    fn mark(&self) -> PathBuf {
        super::folder().join(format!("{}.sha256", self.name))
    }

    /// What to run to compile it into a folder.
    fn command(&self, into: &Path) -> anyhow::Result<Command> {
        let compiler = Artefacts::of(COMPILER_LOCK)?.class_path();
        let mut command = Command::new("java");
        command.arg(HEAP).arg("-cp").arg(super::joined(&compiler)?).arg(COMPILER);
        command.args(["-no-stdlib", "-no-reflect", "-jvm-target", &JAVA_VERSION.to_string()]);
        // A friend sees what is internal: tests are friends of what they test, if they name it.
        command.arg("-module-name").arg(&self.name).arg("-classpath").arg(super::joined(&self.class_path)?);
        command.arg("-d").arg(into).args(&self.arguments).args(&self.sources);
        Ok(command)
    }

    /// What makes it what it is: all that is read while compiling.
    fn digest(&self) -> anyhow::Result<String> {
        let mut digest = Sha256::new();
        for argument in &self.arguments {
            digest.update(argument);
            digest.update([0]);
        }
        for path in self.sources.iter().chain(&self.class_path) {
            // A jar of a lock file is what it is called.
            let is_locked = path.extension().is_some_and(|extension| extension == "jar");
            if is_locked {
                digest.update(path.as_os_str().as_encoded_bytes());
            } else {
                feed(&mut digest, path)?;
            }
        }
        Ok(hex::encode(digest.finalize()))
    }
}

/// Compiles a module with `run`, which runs a program and gives what went wrong, unless it is compiled already.
pub async fn compile<F>(
    module: &Module,
    run: impl AsyncFnOnce(Command) -> anyhow::Result<Option<F>>,
) -> anyhow::Result<Option<F>> {
    fs::create_dir_all(super::folder()).context("creating the folder for classes")?;
    let held =
        File::create(super::folder().join(format!("{}.lock", module.name))).context("opening a lock")?;
    held.lock().context("waiting for another command that compiles the same")?;
    let digest = module.digest()?;
    let classes = module.classes();
    if fs::read_to_string(module.mark()).is_ok_and(|had| had == digest) && classes.is_dir() {
        return Ok(None);
    }
    let fresh = super::folder().join(format!("{}.new", module.name));
    for folder in [&fresh, &classes] {
        if folder.exists() {
            fs::remove_dir_all(folder).context("removing what was compiled before")?;
        }
    }
    if let Some(failure) = run(module.command(&fresh)?).await? {
        return Ok(Some(failure));
    }
    ensure!(fresh.is_dir(), "the compiler made nothing of {}", module.name);
    fs::rename(&fresh, &classes).context("putting classes in place")?;
    fs::write(module.mark(), digest).context("marking a module as compiled")?;
    Ok(None)
}

/// Feeds a file, or all files below a folder in the order of their names, with those.
fn feed(digest: &mut Sha256, path: &Path) -> anyhow::Result<()> {
    digest.update(path.as_os_str().as_encoded_bytes());
    if path.is_dir() {
        let entries = fs::read_dir(path).with_context(|| format!("reading {}", path.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        return paths.iter().try_for_each(|path| feed(digest, path));
    }
    let mut file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    io::copy(&mut file, digest).with_context(|| format!("reading {}", path.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Module;

    #[test]
    fn a_module_is_what_its_files_and_arguments_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("A.kt");
        let digest = |arguments: &[&str]| {
            let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            let sources = vec![folder.path().to_owned()];
            Module { name: "a".to_owned(), sources, class_path: Vec::new(), arguments }.digest().unwrap()
        };
        fs::write(&file, "class A").unwrap();
        let first = digest(&[]);
        assert_eq!(first, digest(&[]));
        assert_ne!(first, digest(&["-Werror"]));
        fs::write(&file, "class B").unwrap();
        assert_ne!(first, digest(&[]));
    }
}
