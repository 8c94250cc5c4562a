//! The Swift packages: the bindings on a server that is started for them, what the iOS app consists of beside its views, and
//! as much of the views as can be checked without Apple's frameworks.
//!
//! What the tests are told is in their environment and documented in `bindings/swift/README.md`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use heliograph_lab::{Server, workspace};
use tokio::process::Command;

use super::Outcome;
use super::process::Programs;
use super::stand::Stand;
use crate::archive;
use crate::ios::package::Package;
use crate::swift::{Swift, sources};

/// The accounts that the tests use, each for one part; the last one is the quick start's.
const ACCOUNTS: [&str; 18] = [
    "ana", "ben", "chloe", "dora", "eve", "finn", "gina", "hugo", "ida", "jan", "lena", "mia", "noah",
    "olga", "pia", "kim", "quin", "rosa",
];

/// What the iOS app does beside showing it.
const KIT: &str = "ios/HeliographKit";

/// What only Apple's systems can compile.
const VIEWS: [&str; 3] = ["ios/App", "ios/NotificationService", "ios/Shared"];

/// What the thread sanitizer must not take for a race, and why.
const SUPPRESSIONS: &str = "bindings/swift/Tests/thread-sanitizer.txt";

/// Where the quick start of the package's README is put to be compiled; the package looks for it.
const QUICK_START: &str = "Tests/QuickStart/main.swift";

/// Builds, generates, checks the form, starts the server, runs the tests; with `all` once more under the thread sanitizer.
pub async fn run(programs: &mut Programs, all: bool) -> anyhow::Result<Outcome> {
    let swift = Swift::find()?;
    let build = ["build", "-p", "heliograph-ffi", "-p", "heliograph-bindgen", "-p", "heliograph"];
    let mut commands = vec![Programs::cargo(&build)];
    commands.extend(sources::generators_in_place(&sources::library()));
    commands.push(lint(&swift));
    commands.push(parse(&swift)?);
    for command in commands {
        if let Some(failure) = programs.run(command).await? {
            return Ok(failure);
        }
    }
    if let Some(failure) = package_for_ios(&swift, programs).await? {
        return Ok(failure);
    }
    let stand = Stand::start("swift", &ACCOUNTS).await?;
    write_quick_start(stand.server())?;
    for package in [sources::PACKAGE, KIT] {
        let before = programs.counts().passed;
        if let Some(failure) = programs.run(test(&swift, package, &stand, Sanitizer::None)?).await? {
            return Ok(failure);
        }
        if programs.counts().passed == before {
            return Ok(Outcome::Missing { reason: format!("{package} has no tests") });
        }
    }
    if all {
        for package in [sources::PACKAGE, KIT] {
            let watched = test(&swift, package, &stand, Sanitizer::Thread)?;
            if let Some(failure) = programs.run(watched).await? {
                return Ok(failure);
            }
        }
    }
    Ok(Outcome::Passed(programs.counts()))
}

/// What the package for iOS consists of beside the libraries, which only a Mac can build: is written, its manifest read by Swift,
/// and its generated code checked against the headers as they lie in the framework.
async fn package_for_ios(swift: &Swift, programs: &mut Programs) -> anyhow::Result<Option<Outcome>> {
    let package = Package::below(&workspace::target().join("ios").join("without-libraries"));
    if let Some(failure) = package.write(&sources::library(), programs).await? {
        return Ok(Some(failure));
    }
    let mut manifest = swift.command("swift");
    manifest.args(["package", "dump-package", "--package-path"]).arg(package.folder());
    let mut core = swift.command("swiftc");
    core.args(["-typecheck", "-swift-version", "5", "-module-name", "HeliographCore", "-I"])
        .arg(package.headers());
    core.args(swift_files(&package.folder().join("Sources").join("HeliographCore"))?);
    for command in [manifest, core] {
        if let Some(failure) = programs.run(command).await? {
            return Ok(Some(failure));
        }
    }
    Ok(None)
}

/// Reads the code that only Apple's systems can compile, as far as the grammar goes.
fn parse(swift: &Swift) -> anyhow::Result<Command> {
    let mut command = swift.command("swiftc");
    command.args(["-frontend", "-parse"]);
    let mut files = Vec::new();
    for folder in VIEWS {
        files.extend(swift_files(&workspace::root().join(folder))?);
    }
    ensure!(!files.is_empty(), "there are no views");
    command.args(files);
    Ok(command)
}

/// The sources below a folder, sorted.
fn swift_files(folder: &Path) -> anyhow::Result<impl Iterator<Item = PathBuf>> {
    let files = archive::files(folder)?.into_iter().map(|(_, path)| path);
    Ok(files.filter(|path| path.extension().is_some_and(|extension| extension == "swift")))
}

/// What watches a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sanitizer {
    /// Nothing.
    None,
    /// Data races in the Swift code; the core's library is not built for it.
    Thread,
}

/// The formatter's opinion on everything that is written by hand, as errors.
fn lint(swift: &Swift) -> Command {
    let mut command = swift.command("swift");
    let package = workspace::root().join(sources::PACKAGE);
    command
        .args(["format", "lint", "--strict", "--recursive"])
        .args(VIEWS.map(|folder| workspace::root().join(folder)))
        .args(["Package.swift", "Sources", "Tests"].map(|part| workspace::root().join(KIT).join(part)))
        .args([package.join("Package.swift"), package.join("Sources").join("Heliograph")])
        .args([
            package.join("Sources/HeliographCore/Identifiers.swift"),
            package.join("Tests/HeliographTests"),
        ]);
    command
}

/// Runs a package's tests.
fn test(swift: &Swift, package: &str, stand: &Stand, sanitizer: Sanitizer) -> anyhow::Result<Command> {
    let library = sources::library_folder()?;
    let scratch = scratch(package, sanitizer);
    let mut command = swift.tests();
    stand.tell(&mut command);
    command
        // One after the other: they look for what is left behind in the process.
        .args(["test", "--no-parallel", "--package-path"])
        .arg(workspace::root().join(package))
        .arg("--scratch-path")
        .arg(&scratch)
        .env("HELIOGRAPH_LIBRARY", &library)
        .env("LD_LIBRARY_PATH", &library)
        .env("HELIOGRAPH_BINARY", workspace::terminal_shell()?)
        .env("HELIOGRAPH_QUICK_START", scratch.join("debug").join("QuickStart"))
        .env("HELIOGRAPH_PUSH_WAKE", scratch.join("debug").join("PushWakeProgram"));
    if sanitizer == Sanitizer::Thread {
        let suppressions = workspace::root().join(SUPPRESSIONS);
        // Without halting, a race is reported and the tests pass all the same.
        let options = format!("halt_on_error=1 suppressions={}", suppressions.display());
        command.arg("--sanitize=thread").env("TSAN_OPTIONS", options);
    }
    Ok(command)
}

/// Where a package is built: below the target folder.
fn scratch(package: &str, sanitizer: Sanitizer) -> PathBuf {
    let mut name = Path::new(package).file_name().unwrap_or_default().to_owned();
    if sanitizer == Sanitizer::Thread {
        name.push("-thread-sanitizer");
    }
    workspace::target().join("swift").join("build").join(name)
}

/// Takes the quick start out of the README and puts this server's accounts into it.
fn write_quick_start(server: &Server) -> anyhow::Result<()> {
    let package = workspace::root().join(sources::PACKAGE);
    let readme = fs::read_to_string(package.join("README.md")).context("reading the README")?;
    let (_, rest) = readme.split_once("```swift\n").context("the README has no quick start")?;
    let (code, _) = rest.split_once("```").context("the quick start has no end")?;
    let account = server.accounts().last().context("the server has no accounts")?;
    let address = server.starttls_address();
    let place = format!(
        "password: \"{}\", server: ServerOverride(host: \"{}\", port: {}, tls: .startTls), extraCaPem: try \
         String(contentsOfFile: \"{}\", encoding: .utf8)",
        account.password,
        address.ip(),
        address.port(),
        server.authority_file().display(),
    );
    let mut code = code.to_owned();
    for (example, real) in [
        ("ana@example.org", server.address_of(&account.name)),
        ("ben@example.org", server.address_of("jan")),
        ("password: \"her password\"", place),
    ] {
        ensure!(code.contains(example), "the quick start does not hold {example}");
        code = code.replace(example, &real);
    }
    let file = package.join(QUICK_START);
    let folder = file.parent().context("the quick start has no folder")?;
    fs::create_dir_all(folder).context("creating the folder for the quick start")?;
    fs::write(file, code).context("writing the quick start")
}
