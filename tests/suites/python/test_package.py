"""The package as `pip` installed it: complete, described, and typed for those who check their types."""

import base64
import hashlib
import inspect
import subprocess
import sys
import tempfile
import typing
import unittest
from importlib import metadata
from pathlib import Path

import heliograph
from quick_start import PROGRAM

# What must not pass a checker, and a word of what it has to say about that.
MISTAKES = (
    ('heliograph.AccountConfig(address=5, password="p")', 'argument "address"'),
    ('heliograph.AccountConfig(address="a@b.c", password="p", pins=5)', 'argument "pins"'),
    ("def f(error: heliograph.HeliographError) -> str:\n    return error.code", "return value"),
    ("async def f(client: heliograph.HeliographClient) -> int:\n    return await client.conversations()", "return value"),
    ("async def f(client: heliograph.HeliographClient) -> None:\n    await client.send(1, 2)", "argument 2"),
)

# What must pass one.
RIGHT = """
import heliograph

def advice(error: heliograph.HeliographError) -> str:
    return error.advice if error.code is heliograph.ErrorCode.AUTHENTICATION_FAILED and not error.transient else ""

def who(sender: heliograph.Sender) -> str:
    return sender.address if isinstance(sender, heliograph.Sender.ACCOUNT) else ""

def tell(client: heliograph.HeliographClient) -> None:
    client.network_changed(True, "hut", name_servers=["192.0.2.1"])
"""


class Package(unittest.TestCase):
    """What is installed."""

    def test_it_is_the_one_that_was_installed_whole(self) -> None:
        self.assertTrue(Path(heliograph.__file__).is_relative_to(sys.prefix), heliograph.__file__)
        checked = 0
        for file in metadata.files("heliograph") or []:
            if file.hash is not None:
                digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()
                self.assertEqual(base64.urlsafe_b64encode(digest).decode().rstrip("="), file.hash.value, file)
                checked += 1
        self.assertGreaterEqual(checked, 6)

    def test_it_says_what_it_is(self) -> None:
        about = metadata.metadata("heliograph")
        self.assertEqual(about["Version"], heliograph.version())
        self.assertEqual((about["License-Expression"], about["Requires-Python"]), ("MPL-2.0", ">=3.10"))
        self.assertIn(PROGRAM, metadata.distribution("heliograph").read_text("METADATA"))
        self.assertIsNone(metadata.requires("heliograph"))

    def test_everything_public_has_types(self) -> None:
        def look_at(name: str, function: typing.Callable) -> None:
            hints = typing.get_type_hints(function, vars(heliograph))
            for argument in inspect.signature(function).parameters:
                if argument != "self":
                    self.assertIn(argument, hints, name)
                    self.assertIsNot(hints[argument], typing.Any, name)
                    self.assertNotIn(object, typing.get_args(hints[argument]), name)
            if not name.endswith(".__init__"):
                self.assertIn("return", hints, name)
            looked_at.append(name)

        looked_at: list[str] = []
        for name in heliograph.__all__:
            public = getattr(heliograph, name)
            if inspect.isfunction(public):
                look_at(name, public)
            elif name.endswith("Protocol"):
                for method, function in vars(public).items():
                    if inspect.isfunction(function) and not method.startswith("_"):
                        look_at(f"{name}.{method}", function)
            elif name[0].isupper() and "__dataclass_fields__" in vars(public):
                look_at(f"{name}.__init__", public.__init__)
        self.assertGreater(len(looked_at), 80)


class Types(unittest.TestCase):
    """What a type checker says to programs that use the package."""

    def check(self, program: str) -> tuple[bool, str]:
        with tempfile.TemporaryDirectory(prefix="heliograph-") as folder:
            file = Path(folder) / "program.py"
            file.write_text(program, encoding="utf-8")
            command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", f"{self.cache.name}", str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        return done.returncode == 0, done.stdout + done.stderr

    def setUp(self) -> None:
        self.cache = tempfile.TemporaryDirectory(prefix="heliograph-")
        self.addCleanup(self.cache.cleanup)

    def test_right_programs_pass_and_mistakes_are_found(self) -> None:
        for program in (PROGRAM, RIGHT):
            passed, said = self.check(program)
            self.assertTrue(passed, said)
        for mistake, word in MISTAKES:
            passed, said = self.check(f"import heliograph\n{mistake}\n")
            self.assertFalse(passed, mistake)
            self.assertIn(word, said.lower(), mistake)


if __name__ == "__main__":
    unittest.main()
