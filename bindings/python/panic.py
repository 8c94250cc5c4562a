# Put behind the generated module by `cargo xtask package python`, which has it called in place of UniFFI's own exception.


def _heliograph_panicked():
    """The answer to a call in which the core panicked: the failure that Kotlin and Swift make of it, too. What the panic
    said is left out, as it may name somebody."""
    return HeliographError.Failed(  # type: ignore
        code=ErrorCode.INTERNAL,
        name="internal",
        transient=False,
        advice="A fault in Heliograph: please report it.",
        detail="the core panicked",
    )
