"""What tests of the bindings have in common."""

import asyncio
import tempfile
import unittest
from pathlib import Path

from environment import DEADLINE

from heliograph import ErrorCode, HeliographError


def threads_of_heliograph() -> list[str]:
    """Names of the threads that the bindings have started in this process; empty where there is no /proc."""
    names = [task.joinpath("comm").read_text(encoding="ascii").strip() for task in Path("/proc/self/task").glob("*")]
    return [name for name in names if name.startswith("heliograph")]


class FolderTest(unittest.IsolatedAsyncioTestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="heliograph-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    async def assert_fails(self, code: ErrorCode, call) -> HeliographError:
        """Awaits the call and expects this error."""
        with self.assertRaises(HeliographError) as caught:
            await asyncio.wait_for(call, DEADLINE)
        self.assertEqual(caught.exception.code, code, caught.exception)
        self.assertTrue(caught.exception.advice)
        return caught.exception
