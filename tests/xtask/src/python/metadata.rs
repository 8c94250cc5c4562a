//! What a wheel says of itself.

/// The package's name: of what is installed and of what is imported.
pub const NAME: &str = "heliograph";

/// Heliograph's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The oldest Python that the suites' own code runs on. The generated module would do with less.
const OLDEST_PYTHON: &str = "3.10";

/// `METADATA`: what `pip show` and an index show (Core metadata 2.4).
pub fn metadata(readme: &str) -> String {
    format!(
        "Metadata-Version: 2.4\nName: {NAME}\nVersion: {VERSION}\n\
         Summary: A messenger core for bad networks: XMPP, an encrypted store, groups encrypted with MLS\n\
         License-Expression: {}\nLicense-File: LICENSE\nRequires-Python: >={OLDEST_PYTHON}\n\
         Classifier: Framework :: AsyncIO\nClassifier: Typing :: Typed\n\
         Description-Content-Type: text/markdown; charset=UTF-8\n\n{readme}",
        env!("CARGO_PKG_LICENSE"),
    )
}

/// `WHEEL`: how it is installed (Binary distribution format 1.0). Not into the folder of packages that are pure Python.
pub fn wheel(tag: &str) -> String {
    format!("Wheel-Version: 1.0\nGenerator: heliograph-xtask {VERSION}\nRoot-Is-Purelib: false\nTag: {tag}\n")
}

#[cfg(test)]
mod tests {
    use super::{metadata, wheel};

    #[test]
    fn a_head_comes_before_the_readme_and_has_no_empty_line() {
        let text = metadata("# Heliograph in Python\n\nWhat it is.\n");
        let (head, description) = text.split_once("\n\n").unwrap();
        assert!(description.starts_with("# Heliograph in Python\n\nWhat"), "{description}");
        for line in ["Name: heliograph", "License-Expression: MPL-2.0", "Requires-Python: >=3.10"] {
            assert!(head.lines().any(|has| has == line), "{head}");
        }
        assert!(head.lines().all(|line| line.contains(": ")), "{head}");
        assert!(wheel("py3-none-any").ends_with("\nTag: py3-none-any\n"));
    }
}
