//! The Android shell as a signed APK.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tokio::process::Command;
use zip::CompressionMethod;

use super::dex::{self, Dex};
use super::library::{self, Library};
use super::shell::{LOCK, Shell, TOOLS_LOCK};
use super::tools::Tools;
use super::{MIN_SDK, native, verifier};
use crate::archive::{self, Archive};
use crate::jvm::Artefacts;
use crate::test::Outcome;
use crate::test::process::Programs;

/// D8 and R8.
const R8: &str = "com.android.tools:r8";

/// Java's way into native code, with its own libraries for phones.
const JNA: &str = "net.java.dev.jna:jna";

/// The name of the key in the store that is made for it.
const KEY: &str = "heliograph";

/// Protects a key that is thrown away.
const PASSWORD: &str = "throw-away";

/// What an APK is made of.
pub struct Parts {
    /// The Kotlin module's classes.
    pub heliograph: Vec<PathBuf>,
    /// The jars that those need.
    pub libraries: Vec<PathBuf>,
    /// Whether the core's native libraries were built. Without them the app can't run.
    pub with_native: bool,
}

/// Makes the APK, signed with a key that is made for it and thrown away.
pub async fn make(
    shell: &Shell,
    parts: &Parts,
    programs: &mut Programs,
) -> anyhow::Result<Result<PathBuf, Outcome>> {
    let (tools, jars) = (Tools::find()?, Artefacts::of(TOOLS_LOCK)?);
    let jna = Library::of(jars.file(JNA)?)?;
    let folder = super::folder().join("package");
    fs::create_dir_all(&folder).context("creating the folder for packages")?;

    let mut libraries: Vec<PathBuf> = Artefacts::of(LOCK)?.class_path();
    libraries.extend(library::classes(&shell.libraries));
    // Android's own edition of JNA takes the place of that for computers.
    let is_jna =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("jna-"));
    libraries.extend(parts.libraries.iter().filter(|path| !is_jna(path)).cloned());
    libraries.push(jna.classes());
    libraries.push(verifier::library()?.classes());

    let own = folder.join("own.jar");
    let mut jar = Archive::create(&own)?;
    for classes in shell.classes().iter().chain(&parts.heliograph) {
        jar.add_classes(classes)?;
    }
    jar.finish()?;

    let dex = Dex { jar: jars.file(R8)?.to_owned(), android: shell.sdk.code()? };
    let translated = match dex.libraries(&libraries, programs).await? {
        Ok(folder) => folder,
        Err(failure) => return Ok(Err(failure)),
    };
    let own = match dex.own(own, &libraries, programs).await? {
        Ok(folder) => folder,
        Err(failure) => return Ok(Err(failure)),
    };

    let unaligned = folder.join("unaligned.apk");
    let mut apk = Archive::create(&unaligned)?;
    apk.add_all_of(&shell.resources.apk())?;
    for (number, file) in dex::files(&own)?.into_iter().chain(dex::files(&translated)?).enumerate() {
        let name = if number == 0 { "classes.dex".to_owned() } else { format!("classes{}.dex", number + 1) };
        apk.add(&name, &fs::read(&file).context("reading translated classes")?)?;
    }
    let natives = shell.libraries.iter().chain([&jna]);
    for (name, file) in natives.map(native_libraries).collect::<anyhow::Result<Vec<_>>>()?.concat() {
        apk.add_stored(&name, &fs::read(&file).with_context(|| format!("reading {name}"))?)?;
    }
    if parts.with_native {
        for (abi, file) in native::built()? {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            apk.add_stored(
                &format!("lib/{}/{name}", abi.name),
                &fs::read(&file).context("reading the core")?,
            )?;
        }
    }
    apk.finish()?;
    finish(&tools, &unaligned, &folder.join("heliograph.apk"), programs).await
}

/// Aligns, signs and verifies.
async fn finish(
    tools: &Tools,
    unaligned: &Path,
    apk: &Path,
    programs: &mut Programs,
) -> anyhow::Result<Result<PathBuf, Outcome>> {
    let scratch = TempDir::new().context("creating a folder for the key")?;
    let store = scratch.path().join("key.p12");
    let mut align = Command::new(&tools.zipalign);
    align.args(["-f", "-p", "4"]).arg(unaligned).arg(apk);
    let mut key = Command::new("keytool");
    key.args(["-genkeypair", "-storetype", "PKCS12", "-alias", KEY, "-storepass", PASSWORD, "-keystore"])
        .arg(&store);
    key.args(["-keyalg", "EC", "-groupname", "secp256r1", "-validity", "1", "-dname", "CN=Heliograph"]);
    let mut sign = Command::new(&tools.apksigner);
    sign.args(["sign", "--min-sdk-version", &MIN_SDK.to_string(), "--ks-key-alias", KEY]);
    sign.args(["--ks-pass", &format!("pass:{PASSWORD}"), "--ks"]).arg(&store).arg(apk);
    let mut verify = Command::new(&tools.apksigner);
    verify.args(["verify", "--verbose", "--min-sdk-version", &MIN_SDK.to_string()]).arg(apk);
    for command in [align, key, sign, verify] {
        if let Some(failure) = programs.run(command).await? {
            return Ok(Err(failure));
        }
    }
    check(apk)?;
    fs::remove_file(unaligned).context("removing what is not needed any more")?;
    Ok(Ok(apk.to_owned()))
}

/// What a phone would refuse, and no tool here does.
fn check(apk: &Path) -> anyhow::Result<()> {
    let mut archive = archive::open(apk)?;
    let table = archive.by_name("resources.arsc").context("the APK has no resources")?;
    // Android 11 and newer map it where it lies.
    ensure!(table.compression() == CompressionMethod::Stored, "the APK's resource table is compressed");
    drop(table);
    let mut has_verifier = false;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).context("reading the APK")?;
        let name = entry.name().context("reading the APK")?.into_owned();
        if Path::new(&name).extension().is_some_and(|suffix| suffix == "dex") {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).context("reading the APK")?;
            has_verifier |= verifier::is_in_dex(&content);
            continue;
        }
        let Some(abi) = native::ABIS.iter().find(|abi| name.starts_with(&format!("lib/{}/", abi.name)))
        else {
            continue;
        };
        let mut content = Vec::new();
        entry.read_to_end(&mut content).context("reading the APK")?;
        native::check_pages(abi, &name, &content)?;
    }
    ensure!(has_verifier, "the APK has no {}", verifier::CLASS);
    Ok(())
}

/// The native libraries of an AAR, with the names that they have in an APK.
fn native_libraries(library: &Library) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for abi in &native::ABIS {
        let folder = library.native().join(abi.name);
        if folder.is_dir() {
            let files = archive::files(&folder)?.into_iter();
            found.extend(files.map(|(name, path)| (format!("lib/{}/{name}", abi.name), path)));
        }
    }
    Ok(found)
}
