//! `cargo xtask bench size`: what the library weighs that an app carries, and what of it weighs most.
//!
//! It is built for arm64 Linux, which stands for Android: the same kind of compiler and linker, told the same; what differs is the
//! C library (not in it), and that GCC and not Clang compiles the C inside. iOS takes SQLCipher's ciphers from the system, so
//! there is less of it. An app that is downloaded carries the library compressed, so that is told, too.

mod attribution;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, ExitCode};

use anyhow::{Context, ensure};
use heliograph_lab::workspace;
use tokio::process::Command;

use crate::android::native;
use crate::cross::arm64::{TARGET, Tools};
use crate::cross::{Compiler, STANDARD_LIBRARY, linker};
use crate::{layers, setup, table};

/// The aim: an app of it is to be no heavier than others that talk encrypted.
const AIM_BYTES: u64 = 7_000_000;

/// Entries shown of what weighs most. Below the twentieth none is worth a thought.
const SHOWN: usize = 20;

/// A way to build it.
struct Variant {
    profile: &'static str,
    /// Which library gives SQLCipher its ciphers.
    ciphers: Ciphers,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ciphers {
    /// Built in by default.
    OpenSsl,
    /// Comes with SQLCipher's source, and is switched on by options of the build alone.
    LibTomCrypt,
}

impl Ciphers {
    fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "OpenSSL",
            Self::LibTomCrypt => "libtomcrypt",
        }
    }
}

/// What phones get, what they could get, and both in the profile that servers and tests run.
const VARIANTS: [Variant; 4] = [
    Variant { profile: native::PROFILE, ciphers: Ciphers::OpenSsl },
    Variant { profile: native::PROFILE, ciphers: Ciphers::LibTomCrypt },
    Variant { profile: "release", ciphers: Ciphers::OpenSsl },
    Variant { profile: "release", ciphers: Ciphers::LibTomCrypt },
];

/// Builds and weighs all variants.
pub async fn run() -> anyhow::Result<ExitCode> {
    setup::build_programs()?;
    let (tools, compiler) = (Tools::find()?, Compiler::get()?);
    let mut sizes = table::new(["profile", "ciphers", "stripped", "compressed", "aim"]);
    for variant in VARIANTS {
        let ciphers = variant.ciphers.name();
        println!("Building {} with {ciphers} (several minutes) ...", variant.profile);
        let library = build(&tools, &compiler, &variant).await?;
        let stripped = strip(&tools, &library)?;
        let size = fs::metadata(&stripped).context("the stripped library")?.len();
        println!("{} with {ciphers}: {} MB stripped", variant.profile, megabytes(size));
        sizes.add_row([
            variant.profile.to_owned(),
            ciphers.to_owned(),
            megabytes(size),
            megabytes(compressed(&stripped)?),
            if size <= AIM_BYTES { "met" } else { "missed" }.to_owned(),
        ]);
        let weights = attribution::of(&fs::read(&library).context("reading the library")?)?;
        let mut shares = table::new(["of what", "bytes", "share"]);
        for (name, bytes) in weights.into_iter().take(SHOWN) {
            let share = format!("{:.1} %", bytes as f64 * 100.0 / size as f64);
            shares.add_row([name, bytes.to_string(), share]);
        }
        table::align_numbers(&mut shares, 1);
        println!("{shares}\n");
    }
    table::align_numbers(&mut sizes, 2);
    println!("{sizes}\nThe aim is {} MB.", megabytes(AIM_BYTES));
    Ok(ExitCode::SUCCESS)
}

async fn build(tools: &Tools, compiler: &Compiler, variant: &Variant) -> anyhow::Result<PathBuf> {
    let mut cargo = compiler.cargo(TARGET, "rustc");
    tools.tell(&mut cargo)?;
    cargo.args(["--quiet", "-p", "heliograph-ffi", "--lib", "--crate-type", "cdylib"]);
    cargo.args(["--profile", variant.profile, STANDARD_LIBRARY, "--target", TARGET]);
    if variant.ciphers == Ciphers::LibTomCrypt {
        use_libtomcrypt(tools, &mut cargo)?;
    }
    cargo.args(["--", "-C", "link-arg=-fuse-ld=lld", "-C"]);
    cargo.arg(format!("link-arg=-B{}", linker()?.display()));
    cargo.args(
        native::LINKER_ARGUMENTS
            .iter()
            .flat_map(|argument| ["-C".to_owned(), format!("link-arg=-Wl,{argument}")]),
    );
    let status = cargo.current_dir(workspace::root()).status().await.context("starting cargo")?;
    ensure!(status.success(), "the library could not be built");
    let built =
        workspace::target().join(TARGET).join(TARGET).join(variant.profile).join("libheliograph_ffi.so");
    // The next variant may overwrite it.
    let kept = built.with_extension(format!("{}.so", variant.ciphers.name()));
    fs::copy(&built, &kept).context("keeping the library")?;
    Ok(kept)
}

fn strip(tools: &Tools, library: &Path) -> anyhow::Result<PathBuf> {
    let stripped = library.with_extension("stripped");
    let mut strip = Blocking::new(tools.program("aarch64-linux-gnu-strip"));
    strip.args(["--strip-all", "-o"]).arg(&stripped).arg(library);
    setup::run_quietly(strip)?;
    Ok(stripped)
}

fn compressed(file: &Path) -> anyhow::Result<u64> {
    let output = Blocking::new("gzip").args(["-9", "-c"]).arg(file).output().context("starting gzip")?;
    Ok(output.stdout.len() as u64)
}

/// SQLCipher takes its ciphers from OpenSSL by default, and says so to the linker. Here the linker finds libtomcrypt under that
/// name, and SQLCipher is told to use it.
fn use_libtomcrypt(tools: &Tools, cargo: &mut Command) -> anyhow::Result<()> {
    let metadata = layers::with_dependencies()?;
    let source = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "sqlcipher-src")
        .and_then(|package| package.manifest_path.parent())
        .context("SQLCipher's source is not among the dependencies")?;
    let (list, code) = (source.join("src/libtomcrypt_sources.rs"), source.join("sqlcipher"));
    let headers = code.join("libtomcrypt/headers");
    let list = fs::read_to_string(list).context("libtomcrypt's list of sources")?;
    let folder = workspace::target().join("libtomcrypt");
    for below in ["lib", "include/openssl", "objects"] {
        fs::create_dir_all(folder.join(below)).context("making room for libtomcrypt")?;
    }
    let mut objects = Vec::new();
    for (number, file) in list.split('"').skip(1).step_by(2).enumerate() {
        let object = folder.join("objects").join(format!("{number}.o"));
        let mut compile = Blocking::new(tools.program("aarch64-linux-gnu-gcc"));
        compile.args(["-c", "-Os", "-fPIC", "-ffunction-sections", "-fdata-sections", "-DLTC_SOURCE", "-I"]);
        compile.arg(&headers).arg(code.join(file)).arg("-o").arg(&object);
        setup::run_quietly(compile)?;
        objects.push(object);
    }
    for library in ["libcrypto.a", "libssl.a"] {
        let archive = folder.join("lib").join(library);
        // An old one would keep members that are gone.
        let _ = fs::remove_file(&archive);
        let mut ar = Blocking::new(tools.program("aarch64-linux-gnu-ar"));
        ar.arg("rcs").arg(archive);
        if library == "libcrypto.a" {
            ar.args(&objects);
        }
        setup::run_quietly(ar)?;
    }
    crate::cross::pretend_openssl(&folder.join("include/openssl"))?;
    cargo
        .env("OPENSSL_NO_VENDOR", "1")
        .env("OPENSSL_DIR", &folder)
        .env("OPENSSL_STATIC", "1")
        .env("LIBSQLITE3_FLAGS", "-DSQLCIPHER_CRYPTO_LIBTOMCRYPT")
        .env("CFLAGS_aarch64_unknown_linux_gnu", format!("-I{headers}"));
    Ok(())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / 1e6)
}
