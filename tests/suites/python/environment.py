"""What the runner tells these tests, read from the environment variables that README.md lists.

A missing variable is an error and never a skipped test: whoever starts the tests without a server is told so.
"""

import os
from dataclasses import dataclass
from pathlib import Path

# How long anything may take before a test fails. Two orders of magnitude above what it takes on an idle machine, because
# a busy one must not make a right answer look wrong.
DEADLINE = 30.0


@dataclass(frozen=True)
class Account:
    """An account on the server under test."""

    name: str
    password: str
    domain: str

    @property
    def address(self) -> str:
        return f"{self.name}@{self.domain}"


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SystemExit(f"{name} is not set: tests/suites/python/README.md says what these tests need")
    return value


_host, _, _port = _required("HELIOGRAPH_SERVER").rpartition(":")

#: Where the server listens for clients that begin with STARTTLS.
SERVER_HOST: str = _host.strip("[]")
SERVER_PORT: int = int(_port)

#: The certificate authority that signed the server's certificate.
CA_FILE: Path = Path(_required("HELIOGRAPH_CA"))

#: The domain of the accounts, and the room service.
DOMAIN: str = _required("HELIOGRAPH_DOMAIN")
ROOMS: str = os.environ.get("HELIOGRAPH_ROOMS") or f"muc.{DOMAIN}"

#: Accounts by the part that they play. No part is played twice: a phone that is set up anew has new keys, and those who
#: knew the old ones are right to be suspicious.
ACCOUNTS: list[Account] = [
    Account(name, password, DOMAIN)
    for name, _, password in (entry.partition(":") for entry in _required("HELIOGRAPH_ACCOUNTS").split(","))
]
if len(ACCOUNTS) < 5:
    raise SystemExit("HELIOGRAPH_ACCOUNTS: five accounts are needed (name:password,name:password,...)")
FIRST_PHONE, SECOND_PHONE, FOREIGN_CLIENT, PHONE_BESIDE_FOREIGN_CLIENT, QUICK_START = ACCOUNTS[:5]
