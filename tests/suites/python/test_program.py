"""Whole programs that use the bindings: they end cleanly, and the one in the README does what it says."""

import subprocess
import sys
import unittest

from environment import DEADLINE, FOREIGN_CLIENT, QUICK_START
from folder import FolderTest
from phone import configuration
from quick_start import PROGRAM


class Program(FolderTest):
    """Whole programs that use the bindings."""

    def run_python(self, program: str) -> str:
        """Runs a program in the test's folder and gives its output; it must end well and say nothing on stderr."""
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=self.folder, capture_output=True, text=True, timeout=DEADLINE, check=False
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    @staticmethod
    def prelude() -> str:
        """Lets a program written for any server use the one under test, which no DNS knows."""
        account = configuration(QUICK_START)
        return (
            "import functools, heliograph\n"
            "from heliograph import ServerOverride, TlsMode\n"
            f"server = ServerOverride(host={account.server.host!r}, port={account.server.port}, tls=TlsMode.START_TLS)\n"
            "heliograph.AccountConfig = functools.partial(heliograph.AccountConfig, server=server, "
            f"extra_ca_pem={account.extra_ca_pem!r})\n"
        )

    def test_quick_start_as_printed(self) -> None:
        program = PROGRAM
        for printed, real in (
            ("ana@example.org", QUICK_START.address),
            ("her password", QUICK_START.password),
            ("ben@example.org", FOREIGN_CLIENT.address),
        ):
            self.assertIn(printed, program)
            program = program.replace(printed, real)
        self.assertIn("the bridge is open again", self.run_python(self.prelude() + program))

    def test_programs_that_shut_down_end_well(self) -> None:
        # A thread that still has to hand the interpreter something while that is going away aborts the process. It is a
        # matter of microseconds, so several programs end here, each at once after something was brought.
        use = f"""
import asyncio
from heliograph import AccountConfig, HeliographClient, add_account

async def main(first):
    if first:
        account = AccountConfig(address={QUICK_START.address!r}, password={QUICK_START.password!r})
        await add_account("brief.db", bytes(32), account)
    client = await HeliographClient.open("brief.db", bytes(32))
    waiting = asyncio.ensure_future((await client.all_messages()).ready())
    await client.start_chat({FOREIGN_CLIENT.address!r})
    await client.shutdown()
"""
        self.run_python(f"{self.prelude()}{use}\nasyncio.run(main(True))\n")
        for _ in range(20):
            self.run_python(f"{self.prelude()}{use}\nasyncio.run(main(False))\n")


if __name__ == "__main__":
    unittest.main()
