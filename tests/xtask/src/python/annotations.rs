//! What the generator of Python leaves out of the types that it writes, for those who check theirs.
//!
//! * An argument with a default that is not a constant has the type `object` beside its own, so that anything may be passed.
//! * The fields of the error are set and not declared, so that reading its `code` looks like a mistake.
//!
//! Nothing of it changes what the module does.

use anyhow::{Context, ensure};

/// How such an argument's type begins and how it ends.
const WIDENED: (&str, &str) = ("typing.Union[object, ", "] = _DEFAULT");

/// The error's class, which has a description and then nothing.
const ERROR: &str = "class HeliographError(Exception):\n";

/// Ends the description of a class.
const END_OF_DESCRIPTION: &str = "\n\"\"\"\n";

/// What follows in the error's class.
const NOTHING: &str = "    pass\n";

/// What the error's fields are set from.
const FIELDS_OF_ERROR: &str = "def __init__(self, code, name, transient, advice, detail):";

/// The same, with types: `bindings/ffi/src/error.rs`.
const TYPES_OF_ERROR: &str =
    "    code: ErrorCode\n    name: str\n    transient: bool\n    advice: str\n    detail: str\n";

/// Completes a generated module; fails if it is not as the generator wrote it when this was written.
pub fn complete(module: &str) -> anyhow::Result<String> {
    let mut completed = String::with_capacity(module.len());
    let mut rest = module;
    while let Some((before, widened)) = rest.split_once(WIDENED.0) {
        let (own, after) = widened.split_once(WIDENED.1).context("an argument's type does not end")?;
        ensure!(!own.contains('\n'), "an argument's type goes over several lines: {own}");
        completed.push_str(before);
        completed.push_str(own);
        completed.push_str(WIDENED.1.trim_start_matches(']'));
        rest = after;
    }
    completed.push_str(rest);

    ensure!(completed.contains(FIELDS_OF_ERROR), "the error has other fields than it had");
    let (before, class) = completed.split_once(ERROR).context("the module has no error")?;
    let (description, after) =
        class.split_once(END_OF_DESCRIPTION).context("the error's class has no description")?;
    let after = after.strip_prefix(NOTHING).context("the error's class is not empty")?;
    Ok(format!("{before}{ERROR}{description}{END_OF_DESCRIPTION}{TYPES_OF_ERROR}{after}"))
}

#[cfg(test)]
mod tests {
    use super::complete;

    const MODULE: &str = "class HeliographError(Exception):\n    \"\"\"\n    The error.\n\"\"\"\n    pass\n\n\
                          class HeliographError:  # type: ignore\n        \
                          def __init__(self, code, name, transient, advice, detail):\n            pass\n\
                          def f(a: int,b: typing.Union[object, typing.Optional[str]] = _DEFAULT,\
                          c: typing.Union[object, typing.List[str]] = _DEFAULT) -> None:\n    pass\n";

    #[test]
    fn arguments_have_their_own_type_and_the_error_its_fields() {
        let completed = complete(MODULE).unwrap();
        let arguments = "def f(a: int,b: typing.Optional[str] = _DEFAULT,c: typing.List[str] = _DEFAULT) -> None:\n    pass\n";
        assert!(completed.ends_with(arguments), "{completed}");
        assert!(completed.starts_with(
            "class HeliographError(Exception):\n    \"\"\"\n    The error.\n\"\"\"\n    code: ErrorCode\n"
        ));
        assert!(
            completed.contains("    detail: str\n\nclass HeliographError:  # type: ignore\n"),
            "{completed}"
        );
    }

    #[test]
    fn a_generator_that_writes_otherwise_is_noticed() {
        for (was, is) in
            [("    pass\n\nclass", "    code: int\n\nclass"), ("transient, ", ""), ("(Exception)", "")]
        {
            let changed = MODULE.replacen(was, is, 1);
            assert_ne!(changed, MODULE);
            assert!(complete(&changed).is_err(), "{changed}");
        }
    }
}
