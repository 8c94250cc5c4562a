//! One file of a Maven repository: what it is called, where it lies, and what it must be.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

/// A file, named so exactly that there is nothing left to resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    /// Who publishes it, as in `org.jetbrains.kotlin`.
    pub group: String,
    /// What it is called there.
    pub artifact: String,
    /// The end of the file's name: `jar` or `aar`.
    pub kind: String,
    /// Which of several files of the same version, as in `all`.
    pub classifier: Option<String>,
    /// The version, and no range.
    pub version: String,
}

impl Artefact {
    /// Reads `group:artifact:type:version` or `group:artifact:type:classifier:version`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (group, artifact, kind, classifier, version) = match *text.split(':').collect::<Vec<_>>() {
            [group, artifact, kind, version] => (group, artifact, kind, None, version),
            [group, artifact, kind, classifier, version] => {
                (group, artifact, kind, Some(classifier.to_owned()), version)
            }
            _ => bail!("`{text}` is not of the form group:artifact:type[:classifier]:version"),
        };
        // No range, no snapshot, and nothing that would leave the repository's folder.
        let plain = |part: &str| {
            !part.is_empty()
                && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
                && !part.contains("..")
        };
        let parts = [group, artifact, kind, classifier.as_deref().unwrap_or("all"), version];
        ensure!(parts.into_iter().all(plain), "`{text}` holds what no exact coordinates have");
        ensure!(!version.ends_with("SNAPSHOT"), "`{text}` is a version that changes");
        Ok(Self {
            group: group.to_owned(),
            artifact: artifact.to_owned(),
            kind: kind.to_owned(),
            classifier,
            version: version.to_owned(),
        })
    }

    /// `group:artifact`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.group, self.artifact)
    }

    /// As the goal `dependency:get` takes it.
    pub fn for_get(&self) -> String {
        let Self { group, artifact, kind, classifier, version } = self;
        let classifier = classifier.as_ref().map(|classifier| format!(":{classifier}")).unwrap_or_default();
        format!("{group}:{artifact}:{version}:{kind}{classifier}")
    }

    /// Where it lies below the folder of a repository.
    pub fn path(&self) -> PathBuf {
        let Self { group, artifact, kind, classifier, version } = self;
        let classifier = classifier.as_ref().map(|classifier| format!("-{classifier}")).unwrap_or_default();
        let folder: PathBuf = group.split('.').collect();
        folder.join(artifact).join(version).join(format!("{artifact}-{version}{classifier}.{kind}"))
    }
}

impl fmt::Display for Artefact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, artifact, kind, classifier, version } = self;
        write!(formatter, "{group}:{artifact}:{kind}:")?;
        if let Some(classifier) = classifier {
            write!(formatter, "{classifier}:")?;
        }
        formatter.write_str(version)
    }
}

/// Reads a SHA-256 in hexadecimal.
pub fn sum(text: &str) -> anyhow::Result<[u8; 32]> {
    let mut sum = [0; 32];
    hex::decode_to_slice(text, &mut sum).with_context(|| format!("`{text}` is not a SHA-256"))?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Artefact;

    #[test]
    fn names_become_places_and_names_again() {
        let plain = Artefact::parse("androidx.core:core:aar:1.19.1").unwrap();
        assert_eq!(plain.path(), Path::new("androidx/core/core/1.19.1/core-1.19.1.aar"));
        assert_eq!(plain.for_get(), "androidx.core:core:1.19.1:aar");
        let whole = Artefact::parse("com.pinterest.ktlint:ktlint-cli:jar:all:1.8.0").unwrap();
        assert_eq!(whole.path(), Path::new("com/pinterest/ktlint/ktlint-cli/1.8.0/ktlint-cli-1.8.0-all.jar"));
        assert_eq!(whole.for_get(), "com.pinterest.ktlint:ktlint-cli:1.8.0:jar:all");
        assert_eq!(whole.to_string(), "com.pinterest.ktlint:ktlint-cli:jar:all:1.8.0");
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        for text in [
            "a:b:jar",
            "a:b:jar:[1,2)",
            "a:b:jar:1-SNAPSHOT",
            "a:b:jar:",
            "a:b:jar:..",
            "a/../b:c:jar:1",
            "a b:c:jar:1",
        ] {
            assert!(Artefact::parse(text).is_err(), "{text} was accepted");
        }
    }
}
