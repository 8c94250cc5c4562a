//! What becomes of a panic of the core in Python: the failure that every other defect is, instead of an exception of the
//! generator's own that nobody catches who has read what calls raise.

use anyhow::{Context, ensure};

/// What the module gets behind its end.
const ANSWER: &str = include_str!("../../../../bindings/python/panic.py");

/// Where the generated module raises what a panic said.
const RAISED: &str = "        raise InternalError(msg)\n";

/// What it raises instead.
const RAISED_INSTEAD: &str = "        raise _heliograph_panicked()\n";

/// Changes a generated module; fails if it is not as the generator wrote it when this was written.
pub fn typed(module: &str) -> anyhow::Result<String> {
    let (before, after) = module.split_once(RAISED).context("the module has no answer to a panic")?;
    ensure!(!after.contains(RAISED), "the module has several answers to a panic");
    Ok(format!("{before}{RAISED_INSTEAD}{after}\n\n{ANSWER}"))
}

#[cfg(test)]
mod tests {
    use super::typed;

    #[test]
    fn a_panic_is_answered_with_the_failure_and_nothing_else_is_changed() {
        let module =
            "def check():\n    if odd:\n        raise InternalError(msg)\n    raise InternalError(\"odd\")\n";
        let typed = typed(module).unwrap();
        assert!(typed.starts_with(
            "def check():\n    if odd:\n        raise _heliograph_panicked()\n    raise InternalError(\"odd\")\n"
        ));
        assert!(typed.contains("\ndef _heliograph_panicked():\n"));
    }

    #[test]
    fn a_generator_that_writes_otherwise_is_noticed() {
        assert!(typed("        raise InternalError(message)\n").is_err());
        assert!(typed(&"        raise InternalError(msg)\n".repeat(2)).is_err());
    }
}
