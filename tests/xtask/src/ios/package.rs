//! The Swift package around the framework: the sources of `bindings/swift`, the generated ones, and a manifest of its own, which
//! takes the library from the framework and knows nothing of tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use heliograph_lab::workspace;

use super::{FRAMEWORK, OLDEST_IOS};
use crate::archive;
use crate::swift::sources::{self, C_MODULE};
use crate::test::Outcome;
use crate::test::process::Programs;

/// What the manifest is written from.
const MANIFEST: &str = include_str!("Package.swift");

/// What the core and its libraries call of the system, which a library that is linked into an app can't say itself:
/// certificates and random numbers, and the types that those come in.
const SYSTEM_FRAMEWORKS: [&str; 2] = ["Security", "CoreFoundation"];

/// What is taken from `bindings/swift` as it is.
const SOURCES: [&str; 2] = ["Sources/Heliograph", "Sources/HeliographCore/Identifiers.swift"];

/// Beside the manifest.
const TEXTS: [(&str, &str); 2] = [("LICENSE", "LICENSE"), ("bindings/swift/README.md", "README.md")];

/// The package, and what the framework in it is made from.
pub struct Package {
    below: PathBuf,
}

/// Removes what an earlier run made.
pub fn clear(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).context("removing an earlier package")?;
    }
    Ok(())
}

impl Package {
    /// The one that is made in a folder.
    pub fn below(folder: &Path) -> Self {
        Self { below: folder.to_owned() }
    }

    /// What an app adds.
    pub fn folder(&self) -> PathBuf {
        self.below.join("package/Heliograph")
    }

    /// What lies beside each library in the framework. Xcode puts the headers of all frameworks of an app into one folder, where
    /// there is room for one module map only: so ours has a folder of its own, where compilers look as well.
    pub fn headers(&self) -> PathBuf {
        self.below.join("headers")
    }

    /// Writes everything of the package but the framework, and the headers for that, from a library of the core for any platform.
    pub async fn write(&self, library: &Path, programs: &mut Programs) -> anyhow::Result<Option<Outcome>> {
        let (package, headers) = (self.folder(), self.headers());
        clear(&package)?;
        clear(&headers)?;
        write_sources(&package)?;
        let module = headers.join(C_MODULE);
        let generated = package.join("Sources/HeliographCore/Generated");
        for folder in [&module, &generated] {
            fs::create_dir_all(folder).context("making room for generated code")?;
        }
        for command in sources::generators(library, &generated, &module) {
            if let Some(failure) = programs.run(command).await? {
                return Ok(Some(failure));
            }
        }
        check_headers(&module)?;
        Ok(None)
    }
}

/// Writes what is not generated.
fn write_sources(package: &Path) -> anyhow::Result<()> {
    let put = |place: &str, from: &Path| {
        let file = package.join(place);
        fs::create_dir_all(file.parent().unwrap_or(package)).context("making room for a package")?;
        fs::copy(from, file).with_context(|| format!("copying {}", from.display()))
    };
    for (from, place) in TEXTS {
        put(place, &workspace::root().join(from))?;
    }
    for part in SOURCES {
        let from = workspace::root().join(sources::PACKAGE).join(part);
        if from.is_dir() {
            for (name, file) in archive::files(&from)? {
                put(&format!("{part}/{name}"), &file)?;
            }
        } else {
            put(part, &from)?;
        }
    }
    fs::write(package.join("Package.swift"), manifest()).context("writing the manifest")
}

fn manifest() -> String {
    let frameworks = SYSTEM_FRAMEWORKS.map(|name| format!(".linkedFramework(\"{name}\")"));
    MANIFEST
        .replace("IOS_VERSION", &OLDEST_IOS.to_string())
        .replace("C_MODULE", C_MODULE)
        .replace("FRAMEWORK_FILE", FRAMEWORK)
        .replace("SYSTEM_FRAMEWORKS", &frameworks.join(", "))
}

/// The module map names the module as the Swift code imports it, does not take it for a framework's (which a folder of headers is
/// not), and its header is there.
fn check_headers(module: &Path) -> anyhow::Result<()> {
    let map = fs::read_to_string(module.join("module.modulemap")).context("reading the module map")?;
    let first = format!("module {C_MODULE} {{");
    ensure!(map.trim_start().starts_with(&first), "the module map does not begin with {first}: {map}");
    let header = map.split("header \"").nth(1).and_then(|rest| rest.split('"').next());
    let header = header.context("the module map names no header")?;
    ensure!(module.join(header).is_file(), "the module map names {header}, which is not there");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{C_MODULE, check_headers, manifest};
    use crate::swift::sources;

    #[test]
    fn the_manifest_is_complete_and_agrees_with_that_of_the_bindings() {
        let manifest = manifest();
        let bindings = heliograph_lab::workspace::root().join(sources::PACKAGE).join("Package.swift");
        let bindings = fs::read_to_string(bindings).unwrap();
        for line in [
            "// swift-tools-version: 6.0\n",
            ".iOS(.v17)",
            ".binaryTarget(name: \"heliographFFI\", path: \"HeliographFFI.xcframework\")",
            "products: [.library(name: \"Heliograph\", targets: [\"Heliograph\"])]",
        ] {
            assert!(manifest.contains(line), "{manifest}");
            assert!(bindings.contains(line), "bindings/swift/Package.swift does not say {line}");
        }
        assert!(manifest.contains("linkerSettings: [.linkedFramework(\"Security\"), "), "{manifest}");
        // Nothing is left of what is filled in, and an app could not use a package with flags of its own.
        for word in
            ["C_MODULE", "FRAMEWORK_FILE", "SYSTEM_FRAMEWORKS", "IOS_VERSION", "unsafeFlags", "environment"]
        {
            assert!(!manifest.contains(word), "{manifest}");
        }
    }

    #[test]
    fn a_module_map_that_swift_would_not_find_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |map: &str| fs::write(folder.path().join("module.modulemap"), map).unwrap();
        let good = format!("module {C_MODULE} {{\n    header \"heliographFFI.h\"\n    export *\n}}\n");
        write(&good);
        assert!(check_headers(folder.path()).unwrap_err().to_string().contains("not there"));
        fs::write(folder.path().join("heliographFFI.h"), "").unwrap();
        check_headers(folder.path()).unwrap();
        for bad in [format!("framework {good}"), good.replace(C_MODULE, "other"), good.replace("header", "-")]
        {
            write(&bad);
            assert!(check_headers(folder.path()).is_err(), "{bad}");
        }
    }
}
