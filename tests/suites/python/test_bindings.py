"""Two phones driven through the generated Python bindings, against a real server.

What is checked is what a user of the bindings would notice: a conversation arrives both ways and encrypted, states are true,
what was written survives closing, mistakes are typed errors, and a program ends cleanly.
"""

import asyncio
import secrets
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from environment import DEADLINE, FIRST_PHONE, FOREIGN_CLIENT, QUICK_START, ROOMS, SECOND_PHONE
from phone import Phone, configuration
from quick_start import PROGRAM

import heliograph
from heliograph import (
    CatchUpEnd,
    CertificateProblem,
    ConnectionState,
    ContactKind,
    ConversationKind,
    ConversationState,
    DeliveryState,
    ErrorCode,
    HeliographClient,
    HeliographError,
    LogLevel,
    Push,
    PushChanges,
    PushOption,
    PushState,
    PushTarget,
    SeamKind,
    Security,
    Sender,
    Settings,
    Situation,
    Waiting,
    add_account,
    export_log,
    inspect_server,
    read_address,
    start_logging,
    version,
)

# States of a text of ours that can't be lost any more, that the others have, and that they have shown.
ARCHIVED = {DeliveryState.ARCHIVED, DeliveryState.DELIVERED, DeliveryState.DISPLAYED}
DELIVERED = {DeliveryState.DELIVERED, DeliveryState.DISPLAYED}


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


class Conversation(FolderTest):
    """One long test: each part stands on the one before, as in life."""

    async def test_an_encrypted_group_both_ways(self) -> None:
        ana = await Phone.add(FIRST_PHONE, self.folder)
        self.addAsyncCleanup(ana.close)
        ben = await Phone.add(SECOND_PHONE, self.folder)
        self.addAsyncCleanup(ben.close)
        await ben.keys_published()

        group, group_of_ben = await self.make_group(ana, ben)
        await self.talk(ana, group, ben, group_of_ben)
        await self.look_at_the_list(ana, group, ben, group_of_ben)
        await self.ask_why(ana, group, ben)
        await self.hand_in_nonsense(ana, group)
        await self.scroll_back(ana, ben)
        await self.be_told_by_the_system(ana)
        await self.give_up_waiting(ana, group, ben, group_of_ben)
        await self.close_and_reopen(ana, group, ben, group_of_ben)
        await self.catch_up(ana, group, ben, group_of_ben)
        await self.open_with_another_key(ana, ben)

    async def make_group(self, ana: Phone, ben: Phone) -> tuple[int, int]:
        group = await ana.client.create_group("Ridge", [ben.account.address])
        for phone in (ana, ben):
            ready = await phone.until_conversation(
                lambda conversation: conversation.kind == ConversationKind.GROUP
                and conversation.state == ConversationState.ACTIVE
                # The invited learn the name from the first message, not from the invitation.
                and conversation.name == "Ridge",
                "for the group and its name",
            )
            self.assertEqual(ready.security, Security.ENCRYPTED)
            members = await phone.client.members(ready.id)
            expected = {who.account.address: who.account.address.split("@")[0] for who in (ana, ben)}
            self.assertEqual({member.address: member.name for member in members}, expected)
            self.assertEqual(ready.title, ready.name)
        self.assertEqual((await ana.client.conversation(group)).name, "Ridge")
        self.assertEqual(read_address(ana.client.contact_uri()).address, ana.account.address)
        return group, ready.id

    async def talk(self, ana: Phone, group: int, ben: Phone, group_of_ben: int) -> None:
        exchanges = [
            (ana, group, ben, "the bridge is open again"),
            (ben, group_of_ben, ana, "good, we start at six \N{MOUNTAIN}"),
            (ana, group, ben, "bring <rope> & \"water\"\nfor two"),
        ]
        for author, conversation, reader, text in exchanges:
            row = await author.client.send(conversation, text)
            got = await reader.until_message(lambda message: message.text == text, "for a text")
            self.assertEqual(got.sender, Sender.ACCOUNT(address=author.account.address, name=author.account.address.split("@")[0]))
            self.assertEqual(got.security, Security.ENCRYPTED)
            self.assertFalse(got.outgoing)
            sent = await author.until_message(
                lambda message: message.row == row and message.state in DELIVERED, "until the text was delivered"
            )
            self.assertTrue(sent.outgoing)
            self.assertEqual((sent.id, sent.delivered_to), (got.id, 1))

        await self.assert_same_timeline(ana, group, ben, group_of_ben, [text for *_, text in exchanges])

    async def look_at_the_list(self, ana: Phone, group: int, ben: Phone, group_of_ben: int) -> None:
        last = await ben.client.conversation(group_of_ben)
        self.assertEqual((last.unread, last.preview.text), (2, 'bring <rope> & "water" for two'))
        self.assertEqual(last.preview.sender, Sender.ACCOUNT(address=ana.account.address, name=ana.account.address.split("@")[0]))
        preview = (await ana.client.conversation(group)).preview
        self.assertTrue(preview.outgoing and preview.state in DELIVERED)

        (notification,) = await ben.client.notifications(1)
        self.assertEqual(notification.conversation, last)
        self.assertEqual([message.text for message in notification.messages], ['bring <rope> & "water"\nfor two'])
        (notification,) = await ben.client.notifications(25)
        self.assertEqual(len(notification.messages), 2)
        await self.assert_fails(ErrorCode.INVALID_ARGUMENT, ben.client.notifications(0))

        await ben.client.set_draft(group_of_ben, "which w")
        await ben.until_conversation(lambda conversation: conversation.draft == "which w", "for the draft")
        await ben.client.reply(group_of_ben, notification.messages[-1].row, "will do")
        answered = await ben.client.conversation(group_of_ben)
        self.assertEqual((answered.draft, answered.unread, answered.preview.text), ("which w", 0, "will do"))
        self.assertEqual(await ben.client.notifications(25), [])
        await ana.until_message(lambda message: message.text == "will do", "for the answer")
        await ben.client.send(group_of_ben, "which way?")
        self.assertEqual((await ben.client.conversation(group_of_ben)).draft, "")
        question = await ana.until_message(lambda message: message.text == "which way?", "for the question")
        await ana.client.mark_read(group, question.row)
        seen = await ben.until_message(
            lambda message: message.text == "which way?" and message.state == DeliveryState.DISPLAYED, "until it was seen"
        )
        self.assertIsNotNone((await ben.client.delivery(seen.row)).recipients[0].displayed_at_ms)
        self.assertTrue((await ana.client.settings()).read_receipts)
        await ana.client.change_settings(Settings(read_receipts=False))
        self.assertFalse((await ana.client.settings()).read_receipts)
        self.assertEqual((await ana.client.conversation(group)).unread, 0)
        await ben.client.set_draft(group_of_ben, "or the f")

    async def ask_why(self, ana: Phone, group: int, ben: Phone) -> None:
        delivered = next(message for message in ana.messages.values() if message.outgoing)
        answer = await ana.client.delivery(delivered.row)
        self.assertIsNone(answer.waiting_for)
        self.assertEqual((answer.advice, answer.attempts, answer.message.text), ("", 0, delivered.text))
        (recipient,) = answer.recipients
        self.assertEqual(recipient.address, ben.account.address)
        self.assertGreaterEqual(recipient.delivered_at_ms, answer.queued_at_ms)
        await self.assert_fails(ErrorCode.INVALID_ARGUMENT, ana.client.send_again(delivered.row))
        await self.assert_fails(ErrorCode.INVALID_ARGUMENT, ana.client.discard(delivered.row))
        for unknown in (-1, 0, 2**63 - 1):
            await self.assert_fails(ErrorCode.NOT_FOUND, ana.client.delivery(unknown))

        ana.client.network_changed(False)
        row = await ana.client.send(group, "regretted at once")
        answer = await ana.client.delivery(row)
        self.assertEqual((answer.waiting_for, answer.message.state), (Waiting.NETWORK, DeliveryState.QUEUED))
        self.assertTrue(answer.advice)
        await ana.client.discard(row)
        gone = await ana.until_message(
            lambda message: message.row == row and message.state == DeliveryState.DISCARDED, "for the end of the message"
        )
        self.assertEqual(gone.text, "")
        self.assertNotIn(row, [message.row for message in await ana.timeline(group)])
        self.assertEqual(await ana.client.unreadable(group), [])
        ana.client.network_changed(True)

    async def hand_in_nonsense(self, ana: Phone, group: int) -> None:
        client, ben = ana.client, SECOND_PHONE.address
        before = await ana.timeline(group)
        huge, most = "x" * 10_000_000, 2**32 - 1
        for text in ("", "\0", "nothing\0behind", "\x1b[2J", "\ufffe", huge):
            await self.assert_fails(ErrorCode.INVALID_ARGUMENT, client.send(group, text))
            await self.assert_fails(ErrorCode.INVALID_ARGUMENT, client.reply(group, 1, text))
            await self.assert_fails(ErrorCode.INVALID_ARGUMENT, client.create_group(text, [ben]))
            await self.assert_fails(ErrorCode.INVALID_ARGUMENT, client.join_room(f"den@{ROOMS}", text))
            await self.assert_fails(ErrorCode.INVALID_ARGUMENT, client.start_chat(text))
            self.assertEqual(await client.search(text), [])
        await self.assert_fails(ErrorCode.TOO_LARGE, client.set_draft(group, huge))
        # Typed, but not to be sent: a draft takes it. U+FFFD stands where a platform replaced half a character.
        await client.set_draft(group, "\0\x1b\ufffd")
        self.assertEqual((await client.conversation(group)).draft, "\0\x1b\ufffd")
        await client.set_draft(group, "")
        for nobody in (-1, 0, -(2**63), 2**63 - 1):
            for call in (
                client.conversation(nobody),
                client.timeline(nobody),
                client.send(nobody, "x"),
                client.reply(nobody, nobody, "x"),
                client.set_draft(nobody, "x"),
                client.invite(nobody, [ben]),
                client.remove(nobody, [ben]),
                client.delivery(nobody),
                client.send_again(nobody),
                client.discard(nobody),
                client.load_older(nobody, 1),
            ):
                await self.assert_fails(ErrorCode.NOT_FOUND, call)
            self.assertEqual((await client.members(nobody), await client.unreadable(nobody)), ([], []))
            await client.mark_read(group, nobody)
        for members in ([], [ben] * 501 + ["nobody"], [f"a{number}@example.org" for number in range(501)]):
            await self.assert_fails(ErrorCode.INVALID_ARGUMENT, client.create_group("crowd", members))
        await self.assert_fails(ErrorCode.INVALID_ARGUMENT, client.load_older(group, most))
        timeline = await client.timeline(group)
        self.assertEqual((await timeline.snapshot(most)).messages, before)
        self.assertEqual((await timeline.earlier(most)).messages, [])
        self.assertEqual(timeline.take(most), [])
        self.assertEqual(len(await client.search("bridge", limit=most)), 1)
        self.assertLessEqual(len(await client.notifications(most)), 1)
        for call in (timeline.snapshot(0), client.search("x", limit=0), client.load_older(group, 0)):
            await self.assert_fails(ErrorCode.INVALID_ARGUMENT, call)

    async def scroll_back(self, ana: Phone, ben: Phone) -> None:
        # More than this server gives at once.
        texts = [f"step {number}" for number in range(60)]
        address = f"ridge-{secrets.token_hex(4)}@{ROOMS}"
        room = await ana.client.join_room(address, "ana")
        for text in texts:
            row = await ana.client.send(room, text)
        await ana.until_message(
            lambda message: message.row == row and message.state in ARCHIVED, "until the last text was archived"
        )
        room = await ben.client.join_room(address, "ben")
        await ben.until_message(lambda message: message.text == texts[-1], "for the newest text")
        timeline = await ben.client.timeline(room)
        (seam,) = (await timeline.snapshot(100)).seams
        self.assertEqual(seam.kind, SeamKind.NOT_LOADED)
        await self.assert_fails(ErrorCode.INVALID_ARGUMENT, ben.client.load_older(room, 0))
        older = await asyncio.wait_for(ben.client.load_older(room, 100), DEADLINE)
        self.assertFalse(older.more)
        while await timeline.seams():
            await asyncio.wait_for(timeline.ready(), DEADLINE)
            timeline.take(100)
        page = await (await ben.client.timeline(room)).snapshot(100)
        self.assertEqual(([message.text for message in page.messages], page.seams), (texts, []))
        shown = [message.text for message in older.messages]
        self.assertEqual(shown, texts[: len(shown)])

    async def be_told_by_the_system(self, ana: Phone) -> None:
        ana.client.network_changed(True, id="home", name_servers=["192.0.2.53", "2001:db8::53"])
        for malformed in ("", "dns.example.org", "192.0.2.53:53"):
            with self.assertRaises(HeliographError) as caught:
                ana.client.network_changed(True, name_servers=[malformed])
            self.assertEqual(caught.exception.code, ErrorCode.INVALID_ARGUMENT)
        await ana.connect()
        target = PushTarget(service="push.example.org", node="n0de", options=[PushOption(name="secret", value="hush")])
        self.assertEqual((await ana.client.push()).state, PushState.OFF)
        changes = ana.client.push_changes()
        await ana.client.enable_push(target)
        push = await self.until_push(changes, PushState.ON)
        self.assertEqual((push.target, push.failure), (target, None))
        await ana.client.disable_push()
        self.assertIsNone((await self.until_push(changes, PushState.OFF)).target)
        target.service = "not an address"
        await self.assert_fails(ErrorCode.INVALID_ARGUMENT, ana.client.enable_push(target))

    async def until_push(self, changes: PushChanges, state: PushState) -> Push:
        push = await asyncio.wait_for(changes.next(), DEADLINE)
        while push.state != state:
            push = await asyncio.wait_for(changes.next(), DEADLINE)
        return push

    async def give_up_waiting(self, ana: Phone, group: int, ben: Phone, group_of_ben: int) -> None:
        timeline = await ben.client.timeline(group_of_ben)
        given_up = [asyncio.ensure_future(timeline.ready()) for _ in range(3)]
        await ana.client.send(group, "still there?")
        for waiting in given_up:
            waiting.cancel()
        texts: list[str] = []
        while "still there?" not in texts:
            await asyncio.wait_for(timeline.ready(), DEADLINE)
            texts.extend(message.text for message in timeline.take(1))

    async def close_and_reopen(self, ana: Phone, group: int, ben: Phone, group_of_ben: int) -> None:
        await ana.until_message(
            lambda message: message.text == "still there?" and message.state in ARCHIVED, "until the text was archived"
        )
        before = [await ana.timeline(group), await ben.timeline(group_of_ben)]
        waiting = asyncio.ensure_future((await ana.client.timeline(group)).ready())
        await asyncio.gather(ana.close(), ben.close())
        await self.assert_fails(ErrorCode.CLOSED, waiting)
        await self.assert_fails(ErrorCode.CLOSED, ana.client.send(group, "too late"))
        self.assertEqual(threads_of_heliograph(), [], "threads were left after shutdown")

        await asyncio.gather(ana.open(), ben.open())
        usage = await ben.client.usage()
        self.assertEqual([one.situation for one in usage.by_situation], list(Situation))
        spent = usage.by_situation[0]
        self.assertEqual(spent.situation, Situation.FOREGROUND)
        self.assertGreater(min(spent.seconds, spent.bytes_up, spent.bytes_down, spent.flights, spent.connects), 0)
        self.assertEqual(usage.by_situation[3].bytes_up, 0, "it never saved power")
        self.assertEqual((await ben.client.conversation(group_of_ben)).draft, "or the f")
        self.assertEqual([await ana.timeline(group), await ben.timeline(group_of_ben)], before)
        for query in ("bridge", "BRIDGE open", "brid"):
            (found,) = await ana.client.search(query)
            self.assertEqual((found.message.text, found.excerpt), ("the bridge is open again",) * 2, query)
            text = found.message.text.encode()
            marked = [text[mark.start : mark.end].decode() for mark in found.marks]
            self.assertEqual("bridge" in marked, True, (query, marked))
            self.assertEqual(found.excerpt_marks, found.marks)
        self.assertEqual(await ana.client.search("bridge tomorrow"), [])
        self.assertEqual(await ana.client.search('" OR * (', within=group), [])

    async def catch_up(self, ana: Phone, group: int, ben: Phone, group_of_ben: int) -> None:
        await ben.client.suspend()
        await ben.client.suspend()
        await self.assert_fails(ErrorCode.CLOSED, ben.client.send(group_of_ben, "asleep"))
        await ben.client.set_draft(group_of_ben, "half a thöught")
        await ana.connect()
        texts = ["first while away", "second while away"]
        for text in texts:
            row = await ana.client.send(group, text)
            await ana.until_message(
                lambda message: message.row == row and message.state in ARCHIVED, "until the text was archived"
            )
        report = await asyncio.wait_for(ben.client.catch_up(int(DEADLINE * 1000)), DEADLINE)
        self.assertEqual((report.new_messages, report.end), (len(texts), CatchUpEnd.COMPLETE))
        await ben.client.resume()
        self.assertEqual((await ben.client.conversation(group_of_ben)).draft, "half a thöught")
        await ben.client.set_draft(group_of_ben, "")
        self.assertEqual([message.text for message in await ben.timeline(group_of_ben)][-2:], texts)

    async def open_with_another_key(self, ana: Phone, ben: Phone) -> None:
        await self.assert_fails(ErrorCode.STORE_BUSY, HeliographClient.open(str(ben.path), ben.key))
        await asyncio.gather(ana.close(), ben.close())
        before = ana.path.read_bytes()
        error = await self.assert_fails(
            ErrorCode.STORE_LOCKED, HeliographClient.open(str(ana.path), secrets.token_bytes(32))
        )
        self.assertEqual((error.name, error.transient), ("store-locked", False))
        self.assertEqual(ana.path.read_bytes(), before, "a wrong key changed the file")
        for text in (b"bridge", b"while away"):
            self.assertNotIn(text, before)

    async def assert_same_timeline(
        self, ana: Phone, group: int, ben: Phone, group_of_ben: int, texts: list[str]
    ) -> None:
        for phone, conversation in ((ana, group), (ben, group_of_ben)):
            timeline = await phone.timeline(conversation)
            self.assertEqual([message.text for message in timeline], texts, f"timeline of {phone.account.name}")
            positions = [message.position for message in timeline]
            self.assertEqual(positions, sorted(positions))


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
        self.assertRegex(version(), r"^\d+\.\d+\.\d+")


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
