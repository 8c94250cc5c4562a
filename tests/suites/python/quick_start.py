"""The quick start, as the README of the Python package prints it."""

import re
from pathlib import Path

README = Path(__file__).parents[3] / "bindings" / "python" / "README.md"

_found = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
if _found is None:
    raise SystemExit(f"{README} has no quick start")

#: The program, for the accounts that are printed.
PROGRAM: str = _found.group(1)
