"""What is done with an account before and beside its conversations."""

import asyncio
import secrets
import time
import unittest

from environment import DEADLINE, FIRST_PHONE, QUICK_START
from folder import FolderTest, threads_of_heliograph
from phone import configuration

from heliograph import (
    CertificateProblem,
    ConnectionState,
    ContactKind,
    ErrorCode,
    HeliographClient,
    HeliographError,
    LogLevel,
    TlsMode,
    add_account,
    export_log,
    inspect_server,
    read_address,
    read_server,
    start_logging,
    version,
)


class Account(FolderTest):
    """What a person decides about an account."""

    async def test_a_server_is_looked_at_and_then_believed_by_its_key(self) -> None:
        account = configuration(FIRST_PHONE, password="")
        seen = await asyncio.wait_for(inspect_server(account), DEADLINE)
        self.assertEqual((seen.trusted, seen.problem), (True, None))
        self.assertRegex(seen.fingerprint_sha256, "^([0-9A-F]{2}:){31}[0-9A-F]{2}$")
        self.assertLess(seen.not_before_ms, seen.not_after_ms)

        account.extra_ca_pem = None
        stranger = await asyncio.wait_for(inspect_server(account), DEADLINE)
        self.assertEqual((stranger.trusted, stranger.problem), (False, CertificateProblem.UNKNOWN_ISSUER))
        self.assertEqual((stranger.key_pin, stranger.fingerprint_sha256), (seen.key_pin, seen.fingerprint_sha256))
        self.assertEqual(threads_of_heliograph(), [])

        path, key = str(self.folder / "account.db"), secrets.token_bytes(32)
        account.password = FIRST_PHONE.password
        account.trusted_key = ("B" if seen.key_pin[0] == "A" else "A") + seen.key_pin[1:]
        await self.assert_fails(ErrorCode.CERTIFICATE_REJECTED, add_account(path, key, account))
        account.trusted_key = "no key"
        await self.assert_fails(ErrorCode.INVALID_ARGUMENT, add_account(path, key, account))
        account.trusted_key = seen.key_pin
        await asyncio.wait_for(add_account(path, key, account), DEADLINE)

    async def test_another_password_is_tried_at_once(self) -> None:
        path, key = str(self.folder / "account.db"), secrets.token_bytes(32)
        await asyncio.wait_for(add_account(path, key, configuration(QUICK_START)), DEADLINE)
        client = await HeliographClient.open(path, key)
        self.addAsyncCleanup(client.shutdown)
        changes = client.connection_changes()

        async def until(state: ConnectionState):
            while (connection := client.connection()).state != state:
                await asyncio.wait_for(changes.next(), DEADLINE)
            return connection

        await client.set_password("not the password")
        stopped = await until(ConnectionState.STOPPED)
        self.assertEqual(stopped.failure.code, ErrorCode.AUTHENTICATION_FAILED)
        self.assertIsNone(await client.next_catch_up())
        await client.set_password(QUICK_START.password)
        await until(ConnectionState.ONLINE)
        await client.suspend()
        now = time.time() * 1000
        self.assertGreater(await client.next_catch_up(), now + 60_000)
        self.assertLess(await client.next_catch_up(), now + 24 * 3_600_000)

    async def test_the_log_for_support_tells_what_happened_and_to_nobody_in_particular(self) -> None:
        start_logging(LogLevel.DEBUG)
        start_logging(LogLevel.INFO)
        account = configuration(FIRST_PHONE, password="not the password")
        call = add_account(str(self.folder / "account.db"), secrets.token_bytes(32), account)
        await self.assert_fails(ErrorCode.AUTHENTICATION_FAILED, call)
        log = export_log()
        self.assertIn(version(), log.splitlines()[0])
        self.assertRegex(log, r"\dZ INFO heliograph_xmpp[^ ]*: session ended .*authentication-failed")
        for private in (FIRST_PHONE.address, account.password, account.server.host):
            self.assertNotIn(private, log)

    async def test_addresses_on_paper(self) -> None:
        contact = read_address(" XMPP:Ben@example.org?roster;name=Ben%20of%20the%20bridge ")
        self.assertEqual(
            (contact.address, contact.kind, contact.name), ("ben@example.org", ContactKind.ACCOUNT, "Ben of the bridge")
        )
        room = read_address("xmpp:crew@muc.example.org?join")
        self.assertEqual((room.address, room.kind, room.name), ("crew@muc.example.org", ContactKind.ROOM, None))
        for text in ("", "ben", "https://example.org", "xmpp:%FF@example.org", "\0"):
            with self.assertRaises(HeliographError) as caught:
                read_address(text)
            self.assertEqual(caught.exception.code, ErrorCode.INVALID_ARGUMENT)
        server = read_server("chat.example.org:5223")
        self.assertEqual((server.host, server.port, server.tls), ("chat.example.org", 5223, TlsMode.DIRECT))
        self.assertEqual(read_server("::1", "").port, 5222)
        with self.assertRaises(HeliographError) as caught:
            read_server("chat.example.org", "52x2")
        self.assertEqual(caught.exception.code, ErrorCode.INVALID_ARGUMENT)
        self.assertRegex(version(), r"^\d+\.\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
