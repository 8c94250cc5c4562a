"""A phone and a client that nobody of this project wrote, on one real server.

Both are ordinary XMPP clients to each other: texts arrive both ways and are marked as not encrypted, receipts (XEP-0184)
agree, both sit in an ordinary room (XEP-0045), and what the foreign client reads in the archives (XEP-0313) is what the phone
shows.
"""

import asyncio
import tempfile
import unittest
import uuid
from pathlib import Path

from environment import FOREIGN_CLIENT, PHONE_BESIDE_FOREIGN_CLIENT, ROOMS
from foreign import Archived, ForeignClient
from phone import Phone

from heliograph import (
    ConversationKind,
    ConversationState,
    DeliveryState,
    Message,
    Security,
    Sender,
)

DELIVERED = {DeliveryState.DELIVERED, DeliveryState.DISPLAYED}
ARCHIVED = DELIVERED | {DeliveryState.ARCHIVED}
ON_THE_SERVER = ARCHIVED | {DeliveryState.SENT}


class BesideAForeignClient(unittest.IsolatedAsyncioTestCase):
    """One phone, one foreign client."""

    async def asyncSetUp(self) -> None:
        # Loading slixmpp's plugins takes a moment, on which asyncio's debug mode would remark.
        asyncio.get_running_loop().set_debug(False)

    async def test_chat_room_receipts_and_archive(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="heliograph-")
        self.addCleanup(folder.cleanup)
        # Marks the texts of this run: the archive may hold those of an earlier one.
        self.mark = uuid.uuid4().hex[:8]
        self.foreign = ForeignClient(FOREIGN_CLIENT)
        await self.foreign.connected()
        self.addAsyncCleanup(self.foreign.closed)
        self.phone = await Phone.add(PHONE_BESIDE_FOREIGN_CLIENT, Path(folder.name))
        self.addAsyncCleanup(self.phone.close)

        chat = await self.chat_both_ways()
        await self.chat_while_the_phone_sleeps(chat)
        await self.archive_agrees(chat)
        await self.room()

    def of_this_run(self, texts: list) -> list:
        return [entry for entry in texts if self.mark in entry.text]

    async def chat_both_ways(self) -> int:
        phone, foreign = self.phone, self.foreign
        chat = await phone.client.start_chat(FOREIGN_CLIENT.address)
        ready = await phone.until_conversation(
            lambda conversation: conversation.id == chat and conversation.state == ConversationState.ACTIVE, "for the chat"
        )
        self.assertEqual((ready.kind, ready.security), (ConversationKind.DIRECT, Security.PLAIN))

        text = f"is the road open? <&> {self.mark}"
        row = await phone.client.send(chat, text)
        got = await foreign.until_message(lambda message: message["body"] == text, "for the phone's text")
        self.assertEqual(got["from"].bare, PHONE_BESIDE_FOREIGN_CLIENT.address)
        sent = await phone.until_message(
            lambda message: message.row == row and message.state in DELIVERED, "for slixmpp's receipt"
        )
        self.assertEqual((sent.security, sent.delivered_to, sent.id), (Security.PLAIN, 1, got["id"]))

        text = f"up to the ford \N{MOUNTAIN} {self.mark}"
        id_of_answer = foreign.say(PHONE_BESIDE_FOREIGN_CLIENT.address, text)
        answer = await phone.until_message(lambda message: message.text == text, "for slixmpp's text")
        self.assertEqual(answer.sender, Sender.ACCOUNT(address=FOREIGN_CLIENT.address, name=FOREIGN_CLIENT.address.split("@")[0]))
        self.assertEqual((answer.security, answer.outgoing, answer.id), (Security.PLAIN, False, id_of_answer))
        self.assertEqual(answer.conversation, chat)
        await foreign.until_receipt(id_of_answer)
        return chat

    async def chat_while_the_phone_sleeps(self, chat: int) -> None:
        phone, foreign = self.phone, self.foreign
        await phone.client.suspend()
        texts = [f"{number} while you slept {self.mark}" for number in ("one", "two", "three")]
        ids = [foreign.say(PHONE_BESIDE_FOREIGN_CLIENT.address, text) for text in texts]
        await phone.client.resume()
        await phone.connect()
        for text in texts:
            await phone.until_message(lambda message: message.text == text, "for what came while it slept")
        timeline = self.of_this_run(await phone.timeline(chat))
        self.assertEqual([message.text for message in timeline][-3:], texts)
        self.assertEqual([message.id for message in timeline][-3:], ids)
        for message_id in ids:
            await foreign.until_receipt(message_id)

    async def archive_agrees(self, chat: int) -> None:
        timeline = self.of_this_run(await self.phone.timeline(chat))
        archived = await self.foreign.archive(contact=PHONE_BESIDE_FOREIGN_CLIENT.address)
        self.assertEqual([self.in_archive(message) for message in timeline], self.of_this_run(archived))
        self.assertEqual(len(timeline), 5)

    async def room(self) -> None:
        phone, foreign = self.phone, self.foreign
        address = f"camp-{self.mark}@{ROOMS}"
        await foreign.open_room(address, "chloe")
        room = await phone.client.join_room(address, "dora")

        text = f"who has the map? {self.mark}"
        row = await phone.client.send(room, text)
        got = await foreign.until_message(lambda message: message["body"] == text, "for the phone in the room")
        self.assertEqual((got["type"], got["from"].bare, got["from"].resource), ("groupchat", address, "dora"))
        sent = await phone.until_message(
            lambda message: message.row == row and message.state in ON_THE_SERVER, "until the room had the text"
        )
        self.assertEqual(sent.security, Security.PLAIN)

        text = f"I have {self.mark}"
        foreign.say(address, text, "groupchat")
        answer = await phone.until_message(lambda message: message.text == text, "for slixmpp in the room")
        self.assertEqual(answer.sender, Sender.OCCUPANT(nick="chloe", name="chloe"))
        self.assertEqual((answer.security, answer.outgoing, answer.conversation), (Security.PLAIN, False, room))
        conversation = await phone.client.conversation(room)
        self.assertEqual((conversation.kind, conversation.security), (ConversationKind.ROOM, Security.PLAIN))

        timeline = self.of_this_run(await phone.timeline(room))
        archived = await foreign.archive(room=address)
        self.assertEqual([self.in_archive(message, nick="dora") for message in timeline], self.of_this_run(archived))
        self.assertEqual(len(timeline), 2)

    @staticmethod
    def in_archive(message: Message, nick: str | None = None) -> Archived:
        """A message of the phone's timeline as the archive shows it; `nick` is ours in a room."""
        if message.outgoing and nick:
            sender = nick
        elif message.sender.is_ACCOUNT():
            sender = message.sender.address
        else:
            sender = message.sender.nick
        return Archived(sender, message.id, message.text)


if __name__ == "__main__":
    unittest.main()
