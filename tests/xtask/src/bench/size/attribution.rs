//! Whose code a library's bytes are, read from its symbols.
//!
//! A generic function belongs to the crate that wrote it and not to the one that uses it, so a library of containers looks
//! heavier than it is. What has no symbol (constants, tables for unwinding, relocations) is told by its section.

use std::collections::BTreeMap;

use anyhow::Context;
use object::elf::{FileHeader64, STT_FILE, STT_FUNC, STT_OBJECT};
use object::read::elf::{FileHeader, SectionHeader, Sym};
use object::{Endianness, SectionIndex, elf};

type Header = FileHeader64<Endianness>;

/// Name and bytes, heaviest first.
pub fn of(library: &[u8]) -> anyhow::Result<Vec<(String, u64)>> {
    let header = Header::parse(library).context("not a library")?;
    let endian = header.endian().context("neither byte order")?;
    let sections = header.sections(endian, library).context("no sections")?;
    let symbols = sections.symbols(endian, library, elf::SHT_SYMTAB).context("no symbols")?;
    let mut weights: BTreeMap<String, u64> = BTreeMap::new();
    let mut named: BTreeMap<usize, u64> = BTreeMap::new();
    let mut file = String::new();
    let mut seen = std::collections::BTreeSet::new();
    for symbol in symbols.iter() {
        let name = String::from_utf8_lossy(symbol.name(endian, symbols.strings()).unwrap_or_default());
        if symbol.st_type() == STT_FILE {
            // Of the local symbols that follow.
            file = name.into_owned();
            continue;
        }
        let size = symbol.st_size(endian);
        let place = (symbol.st_shndx(endian), symbol.st_value(endian));
        // Several names for one place are one piece of code.
        if !matches!(symbol.st_type(), STT_FUNC | STT_OBJECT) || size == 0 || !seen.insert(place) {
            continue;
        }
        let section = SectionIndex(usize::from(place.0));
        if sections.section(section).is_ok_and(|section| section.sh_type(endian) == elf::SHT_NOBITS) {
            continue;
        }
        let local = symbol.st_bind() == elf::STB_LOCAL;
        *weights.entry(owner(&name, if local { &file } else { "" })).or_default() += size;
        *named.entry(section.0).or_default() += size;
    }
    for (index, section) in sections.iter().enumerate() {
        let loaded = section.sh_flags(endian) & u64::from(elf::SHF_ALLOC) != 0;
        if !loaded || section.sh_type(endian) == elf::SHT_NOBITS {
            continue;
        }
        let unnamed = section.sh_size(endian).saturating_sub(named.get(&index).copied().unwrap_or_default());
        let name = sections.section_name(endian, section).unwrap_or_default();
        *weights.entry(format!("({})", String::from_utf8_lossy(name))).or_default() += unnamed;
    }
    let mut weights: Vec<(String, u64)> = weights.into_iter().collect();
    weights.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(weights)
}

/// The crate or C library of a symbol; `file` is the C file of a local one.
fn owner(symbol: &str, file: &str) -> String {
    let plain = format!("{:#}", rustc_demangle::demangle(symbol));
    if plain != symbol
        && let Some(name) = crate_in(&plain)
    {
        return name.to_owned();
    }
    let c = if symbol.starts_with("ring_core_") || symbol.starts_with("LIMB") {
        "ring"
    } else if symbol.starts_with("sqlite3")
        || symbol.starts_with("sqlcipher")
        || file.starts_with("sqlcipher")
    {
        "SQLCipher"
    } else if symbol.starts_with("OUTLINED_FUNCTION_") {
        // Cut out of functions of all crates by the compiler.
        "(what functions share)"
    } else {
        "OpenSSL, or another C library"
    };
    c.to_owned()
}

/// The first crate in a path, as in `<&heliograph_sync::input::Input as core::fmt::Debug>::fmt`.
fn crate_in(path: &str) -> Option<&str> {
    let (before, _) = path.split_once("::")?;
    let start = before
        .rfind(|character: char| !character.is_alphanumeric() && character != '_')
        .map_or(0, |at| at + 1);
    before.get(start..).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{crate_in, owner};

    #[test]
    fn a_symbol_belongs_to_the_crate_that_wrote_it() {
        for (path, name) in [
            ("heliograph_sync::engine::Engine::handle", Some("heliograph_sync")),
            ("<&heliograph_sync::input::Input as core::fmt::Debug>::fmt", Some("heliograph_sync")),
            ("<[alloc::string::String] as core::fmt::Debug>::fmt", Some("alloc")),
            ("<(dyn core::any::Any)>::is", Some("core")),
            ("main", None),
        ] {
            assert_eq!(crate_in(path), name, "{path}");
        }
        assert_eq!(owner("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", ""), "core");
        assert_eq!(owner("_RNvNtCs1234_7mycrate3foo3bar", ""), "mycrate");
        assert_eq!(owner("sqlite3_open_v2", ""), "SQLCipher");
        assert_eq!(owner("btreeCursor", "sqlcipher.c"), "SQLCipher");
        assert_eq!(owner("ring_core_0_17_14__x25519_fe_mul", ""), "ring");
        assert_eq!(
            owner("OUTLINED_FUNCTION_139", "heliograph_ffi.f587966810fa53d7-cgu.0"),
            "(what functions share)"
        );
        assert_eq!(owner("EVP_EncryptInit_ex", ""), "OpenSSL, or another C library");
    }
}
