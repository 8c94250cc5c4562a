"""Mistakes of people, programs and servers, and defects of the core: each is a typed error with its advice."""

import asyncio
import secrets
import unittest

from environment import DEADLINE, FIRST_PHONE
from folder import FolderTest, threads_of_heliograph
from phone import configuration

import heliograph
from heliograph import ErrorCode, HeliographClient, HeliographError, add_account


class Mistakes(FolderTest):
    """Everything that can be typed wrong is a typed error, and leaves nothing behind."""

    async def test_wrong_password(self) -> None:
        path = self.folder / "account.db"
        error = await self.assert_fails(
            ErrorCode.AUTHENTICATION_FAILED,
            add_account(str(path), secrets.token_bytes(32), configuration(FIRST_PHONE, password="not the password")),
        )
        self.assertEqual((error.name, error.transient), ("authentication-failed", False))
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(threads_of_heliograph(), [])

    async def test_no_server_there(self) -> None:
        account = configuration(FIRST_PHONE)
        account.server.port = 1
        error = await self.assert_fails(
            ErrorCode.NETWORK_UNAVAILABLE, add_account(str(self.folder / "account.db"), secrets.token_bytes(32), account)
        )
        self.assertTrue(error.transient)

    async def test_unknown_certificate_authority(self) -> None:
        account = configuration(FIRST_PHONE)
        account.extra_ca_pem = None
        await self.assert_fails(
            ErrorCode.CERTIFICATE_REJECTED, add_account(str(self.folder / "account.db"), secrets.token_bytes(32), account)
        )

    async def test_malformed_arguments(self) -> None:
        path, key = str(self.folder / "account.db"), secrets.token_bytes(32)
        no_address = configuration(FIRST_PHONE)
        no_address.address = "nobody"
        no_port = configuration(FIRST_PHONE)
        no_port.server.port = 0
        no_certificate = configuration(FIRST_PHONE)
        no_certificate.extra_ca_pem = "not a certificate"
        for call in (
            add_account(path, key[:31], configuration(FIRST_PHONE)),
            add_account("", key, configuration(FIRST_PHONE)),
            add_account(path, key, no_address),
            add_account(path, key, no_port),
            HeliographClient.open(path, b""),
        ):
            await self.assert_fails(ErrorCode.INVALID_ARGUMENT, call)
        with self.assertRaises(HeliographError):
            await asyncio.wait_for(add_account(path, key, no_certificate), DEADLINE)
        await self.assert_fails(ErrorCode.NOT_FOUND, HeliographClient.open(path, key))
        self.assertEqual(list(self.folder.iterdir()), [])


class Panic(unittest.TestCase):
    """A defect of the core in a call."""

    def test_it_is_the_failure_that_every_defect_is(self) -> None:
        def panics(status) -> None:
            # As the scaffolding says it: ctypes keeps what was passed by reference.
            status._obj.code = heliograph._UniffiRustCallStatus.CALL_UNEXPECTED_ERROR

        with self.assertRaises(HeliographError) as caught:
            heliograph._uniffi_rust_call(panics)
        failure = caught.exception
        self.assertEqual((failure.code, failure.name, failure.transient), (ErrorCode.INTERNAL, "internal", False))
        self.assertTrue(failure.advice)
        self.assertNotIsInstance(failure, heliograph.InternalError)


if __name__ == "__main__":
    unittest.main()
