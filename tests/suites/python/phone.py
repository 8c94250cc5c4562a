"""A phone: one Heliograph client driven through the generated bindings.

It keeps what a screen would show (the latest copy of every message and conversation) and waits for it to become what a test
expects. Waiting is always for something; nothing here sleeps.
"""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

from environment import CA_FILE, DEADLINE, FOREIGN_CLIENT, SERVER_HOST, SERVER_PORT, Account

from heliograph import (
    AccountConfig,
    ConnectionState,
    Conversation,
    ConversationState,
    HeliographClient,
    Message,
    Security,
    ServerOverride,
    TlsMode,
    add_account,
)

# Messages or conversations fetched at once. Small, so that tests see batches being cut.
BATCH = 8


def configuration(account: Account, password: str | None = None) -> AccountConfig:
    """How to sign in to the server under test."""
    return AccountConfig(
        address=account.address,
        password=account.password if password is None else password,
        server=ServerOverride(host=SERVER_HOST, port=SERVER_PORT, tls=TlsMode.START_TLS),
        extra_ca_pem=CA_FILE.read_text(encoding="ascii"),
    )


class Phone:
    """One account on one device."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self.path = folder / f"{account.name}.db"
        self.key = secrets.token_bytes(32)
        self.messages: dict[int, Message] = {}
        self.conversations: dict[int, Conversation] = {}

    @classmethod
    async def add(cls, account: Account, folder: Path) -> "Phone":
        """A new phone that is signed in and caught up."""
        phone = cls(account, folder)
        await asyncio.wait_for(add_account(str(phone.path), phone.key, configuration(account)), DEADLINE)
        await phone.open()
        await phone.connect()
        return phone

    async def open(self) -> None:
        """Opens the database; does not connect."""
        self.client = await HeliographClient.open(str(self.path), self.key)
        self._message_feed = await self.client.all_messages()
        self._conversation_feed = await self.client.conversations()
        for conversation in await self._conversation_feed.snapshot():
            self.conversations[conversation.id] = conversation

    async def connect(self) -> None:
        """Starts, and waits until everything that waited on the server is here."""
        changes = self.client.connection_changes()
        # In front: receipts go out within seconds. Behind, they wait for company.
        self.client.app_state_changed(True)
        self.client.start()

        async def caught_up() -> None:
            connection = self.client.connection()
            while not connection.caught_up:
                if connection.state == ConnectionState.STOPPED:
                    raise AssertionError(f"{self.account.name} gave up: {connection.failure.name}")
                connection = await changes.next()

        await self._within_deadline(caught_up(), "to catch up")

    async def keys_published(self) -> None:
        """Waits until others can invite this phone.

        A phone that is caught up may still be waiting for the server to take its first keys. A server handles what one
        client asks in order (RFC 6120 section 10.1), so whatever is asked now is answered after those were taken: here,
        whether an account that has no keys can be encrypted for.
        """
        chat = await self.client.start_chat(FOREIGN_CLIENT.address)
        answered = await self.until_conversation(
            lambda conversation: conversation.id == chat and conversation.state == ConversationState.ACTIVE,
            "for an answer about a contact's keys",
        )
        if answered.security != Security.PLAIN:
            raise AssertionError("a contact without keys was taken for one with keys")

    async def close(self) -> None:
        """Shuts down; may be called twice."""
        await asyncio.wait_for(self.client.shutdown(), DEADLINE)

    async def until_conversation(self, expected: Callable[[Conversation], bool], what: str) -> Conversation:
        """The first conversation that is as expected, now or as soon as there is one."""

        async def watch() -> Conversation:
            while True:
                for conversation in self.conversations.values():
                    if expected(conversation):
                        return conversation
                    if conversation.state == ConversationState.FAILED:
                        raise AssertionError(f"a conversation failed: {conversation.failure.name}")
                await self._conversation_feed.ready()
                for conversation in self._conversation_feed.take(BATCH):
                    self.conversations[conversation.id] = conversation

        return await self._within_deadline(watch(), what)

    async def until_message(self, expected: Callable[[Message], bool], what: str) -> Message:
        """The first message that is as expected, now or as soon as there is one."""

        async def watch() -> Message:
            while True:
                for message in self.messages.values():
                    if expected(message):
                        return message
                await self._message_feed.ready()
                for message in self._message_feed.take(BATCH):
                    self.messages[message.row] = message

        return await self._within_deadline(watch(), what)

    async def timeline(self, conversation: int) -> list[Message]:
        """The whole timeline of a conversation, fetched page by page."""
        timeline = await self.client.timeline(conversation)
        page = await timeline.snapshot(BATCH)
        messages = page.messages
        while page.older:
            page = await timeline.earlier(BATCH)
            messages = page.messages + messages
        return messages

    async def _within_deadline(self, waiting, what: str):
        try:
            return await asyncio.wait_for(waiting, DEADLINE)
        except asyncio.TimeoutError:
            connection = self.client.connection()
            texts = [(message.text, message.state.name) for message in self.messages.values()]
            states = [(conversation.kind.name, conversation.state.name) for conversation in self.conversations.values()]
            raise AssertionError(
                f"{self.account.name} waited in vain {what}; connection {connection.state.name}, "
                f"conversations {states}, messages {texts}"
            ) from None
