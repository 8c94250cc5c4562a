//! Where a wheel can be installed, as its file's name says it.

use anyhow::{Context, bail, ensure};
use goblin::elf::Elf;

/// The libraries that every Linux of PEP 600 has: of glibc and of GCC. A wheel may rely on nothing else.
const ON_EVERY_LINUX: [&str; 7] =
    ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1", "ld-linux"];

/// The oldest systems that the Rust compiler builds for by default on each of Apple's processors.
const OLDEST_MACOS: [(&str, &str); 2] = [("aarch64", "11_0_arm64"), ("x86_64", "10_12_x86_64")];

/// The tag of a wheel with this library, which was built on this machine: any Python 3, no interface of its interpreter, and this
/// platform.
pub fn tag(library: &[u8]) -> anyhow::Result<String> {
    let processor = std::env::consts::ARCH;
    let platform = match std::env::consts::OS {
        "linux" => linux(library, processor)?,
        "macos" => {
            let oldest = OLDEST_MACOS.iter().find(|(name, _)| *name == processor);
            format!("macosx_{}", oldest.context("no macOS on this processor")?.1)
        }
        other => bail!("no wheel is made for {other} yet"),
    };
    Ok(format!("py3-none-{platform}"))
}

/// `manylinux_2_N_…` (PEP 600) with the version of glibc whose functions the library calls: `pip` refuses it on an older system,
/// where it could not be loaded.
fn linux(library: &[u8], processor: &str) -> anyhow::Result<String> {
    let elf = Elf::parse(library).context("what was built is no library")?;
    for needed in &elf.libraries {
        let known = ON_EVERY_LINUX.iter().any(|name| needed.starts_with(name));
        ensure!(known, "the library needs {needed}, which other machines may not have");
    }
    let names = elf
        .verneed
        .iter()
        .flat_map(goblin::elf::VerneedSection::iter)
        .flat_map(|file| file.iter().map(|version| version.vna_name).collect::<Vec<_>>())
        .filter_map(|name| elf.dynstrtab.get_at(name));
    Ok(format!("manylinux_2_{}_{processor}", newest_glibc(names).context("the library calls no glibc")?))
}

/// The N of the newest `GLIBC_2.N`.
fn newest_glibc<'a>(names: impl Iterator<Item = &'a str>) -> Option<u32> {
    names.filter_map(|name| name.strip_prefix("GLIBC_2.")?.split('.').next()?.parse().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::{newest_glibc, tag};

    #[test]
    fn versions_of_glibc_are_compared_as_numbers() {
        let names = ["GLIBC_2.2.5", "GCC_3.0", "GLIBC_2.34", "GLIBC_2.4", "GLIBC_PRIVATE"];
        assert_eq!(newest_glibc(names.into_iter()), Some(34));
        assert_eq!(newest_glibc(["GCC_3.0"].into_iter()), None);
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn what_runs_here_is_tagged_for_here() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let tag = tag(&program).unwrap();
        let (before, after) = ("py3-none-manylinux_2_", std::env::consts::ARCH);
        let number = tag.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).unwrap();
        assert!(number.trim_end_matches('_').parse::<u32>().unwrap() >= 17, "{tag}");
    }
}
