"""Two phones driven through the generated Python bindings, against a real server.

What is checked is what a user of the bindings would notice: a conversation arrives both ways and encrypted, states are true,
and what was written survives closing.
"""

import asyncio
import secrets
import unittest

from environment import DEADLINE, FIRST_PHONE, ROOMS, SECOND_PHONE
from folder import FolderTest, threads_of_heliograph
from phone import Phone

from heliograph import (
    CatchUpEnd,
    ConversationKind,
    ConversationState,
    DeliveryState,
    ErrorCode,
    HeliographClient,
    HeliographError,
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
    read_address,
)

# States of a text of ours that can't be lost any more, that the others have, and that they have shown.
ARCHIVED = {DeliveryState.ARCHIVED, DeliveryState.DELIVERED, DeliveryState.DISPLAYED}
DELIVERED = {DeliveryState.DELIVERED, DeliveryState.DISPLAYED}


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
        group = await ana.client.create_group(" Ridge ", [ben.account.address])
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
            self.assertEqual([member.own for member in members], [True, False])
            self.assertEqual(members[0].address, phone.account.address)
            self.assertEqual(ready.title, ready.name)
        self.assertEqual((await ana.client.conversation(group)).name, "Ridge")
        self.assertEqual(read_address(ana.client.contact_uri()).address, ana.account.address)
        return group, ready.id

    async def talk(self, ana: Phone, group: int, ben: Phone, group_of_ben: int) -> None:
        exchanges = [
            (ana, group, ben, "the bridge is open again"),
            (ben, group_of_ben, ana, "good, \N{RIGHT-TO-LEFT OVERRIDE}we start at six \N{MOUNTAIN}"),
            (ana, group, ben, "bring <rope> & \"water\"\nfor two"),
        ]
        for author, conversation, reader, text in exchanges:
            row = await author.client.send(conversation, text)
            got = await reader.until_message(lambda message: message.text == text, "for a text")
            self.assertEqual(got.sender, Sender.ACCOUNT(address=author.account.address, name=author.account.address.split("@")[0]))
            self.assertEqual(got.readable, text.replace("\N{RIGHT-TO-LEFT OVERRIDE}", ""))
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
        typed = await ben.until_conversation(lambda conversation: conversation.draft == "which w", "for the draft")
        self.assertEqual((typed.draft_line, typed.may_write), ("which w", True))
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
        self.assertFalse(answer.may_discard or answer.may_send_again)
        self.assertGreaterEqual(recipient.delivered_at_ms, answer.queued_at_ms)
        await self.assert_fails(ErrorCode.INVALID_ARGUMENT, ana.client.send_again(delivered.row))
        await self.assert_fails(ErrorCode.INVALID_ARGUMENT, ana.client.discard(delivered.row))
        for unknown in (-1, 0, 2**63 - 1):
            await self.assert_fails(ErrorCode.NOT_FOUND, ana.client.delivery(unknown))

        ana.client.network_changed(False)
        row = await ana.client.send(group, "regretted at once")
        answer = await ana.client.delivery(row)
        self.assertEqual((answer.waiting_for, answer.message.state), (Waiting.NETWORK, DeliveryState.QUEUED))
        self.assertTrue(answer.advice and answer.may_discard and not answer.may_send_again)
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
        typed = await client.conversation(group)
        self.assertEqual((typed.draft, typed.draft_line), ("\0\x1b\ufffd", "\ufffd"))
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
        room = await ben.client.open_contact(f"xmpp:{address}?join")
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
        spent = usage.by_situation[0]
        self.assertEqual(spent.situation, Situation.FOREGROUND, "the costliest comes first")
        self.assertGreater(min(spent.seconds, spent.bytes_up, spent.bytes_down, spent.flights, spent.connects), 0)
        costs = [one.bytes_up + one.bytes_down for one in usage.by_situation]
        self.assertEqual(costs, sorted(costs, reverse=True))
        self.assertNotIn(Situation.LOW_POWER, [one.situation for one in usage.by_situation], "it never saved power")
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


if __name__ == "__main__":
    unittest.main()
