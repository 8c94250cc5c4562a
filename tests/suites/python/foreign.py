"""A client that nobody of this project wrote: slixmpp, with the extensions that an everyday client has.

Only what slixmpp does by itself counts: receipts are sent and requested by its own XEP-0184 plugin, rooms are entered by its
XEP-0045 plugin, archives are read by its XEP-0313 plugin.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import slixmpp
from environment import CA_FILE, DEADLINE, DOMAIN, SERVER_HOST, SERVER_PORT, Account


@dataclass(frozen=True)
class Archived:
    """One message in an archive, as far as both sides must agree on it."""

    sender: str  # bare address, or the nick in a room
    id: str
    text: str


class ForeignClient:
    """Signed in after `connected()`. Remembers all messages and receipts that came."""

    def __init__(self, account: Account) -> None:
        self.xmpp = slixmpp.ClientXMPP(account.address, account.password)
        self.xmpp.ca_certs = str(CA_FILE)
        # The port is the one for STARTTLS, and never without.
        self.xmpp.enable_direct_tls = False
        self.xmpp.enable_plaintext = False
        for plugin in ("xep_0030", "xep_0045", "xep_0198", "xep_0199", "xep_0280", "xep_0313", "xep_0359"):
            self.xmpp.register_plugin(plugin)
        self.xmpp.register_plugin("xep_0184", {"auto_ack": True, "auto_request": True})
        self.messages: list[slixmpp.Message] = []
        self.receipts: set[str] = set()
        self._signed_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changed = asyncio.Condition()
        self.xmpp.add_event_handler("session_start", self._session_started)
        self.xmpp.add_event_handler("failed_all_auth", lambda _: self._fail("the server refused the sign-in"))
        self.xmpp.add_event_handler("connection_failed", lambda reason: self._fail(f"no connection: {reason}"))
        self.xmpp.add_event_handler("message", self._message_came)
        self.xmpp.add_event_handler("groupchat_message", self._message_came)
        self.xmpp.add_event_handler("receipt_received", self._receipt_came)

    async def connected(self) -> None:
        """Connects and signs in."""
        self.xmpp.connect(SERVER_HOST, SERVER_PORT)
        await asyncio.wait_for(self._signed_in, DEADLINE)

    async def closed(self) -> None:
        """Says goodbye and waits until the connection is gone."""
        await asyncio.wait_for(self.xmpp.disconnect(), DEADLINE)

    def say(self, to: str, text: str, kind: str = "chat") -> str:
        """Sends a text and gives the id under which it went."""
        message = self.xmpp.make_message(mto=slixmpp.JID(to), mbody=text, mtype=kind)
        message.send()
        return message["id"]

    async def until_message(self, expected: Callable[[slixmpp.Message], bool], what: str) -> slixmpp.Message:
        """The first message that is as expected, now or as soon as it comes."""
        return await self._until(lambda: next(filter(expected, self.messages), None), what)

    async def until_receipt(self, message_id: str) -> None:
        """Waits until the other side says that it has our message (XEP-0184)."""
        await self._until(lambda: message_id in self.receipts or None, "for a receipt")

    async def open_room(self, room: str, nick: str) -> None:
        """Creates an ordinary room and stays in it."""
        muc = self.xmpp.plugin["xep_0045"]
        await asyncio.wait_for(muc.join_muc_wait(slixmpp.JID(room), nick), DEADLINE)
        form = await muc.get_room_config(slixmpp.JID(room))
        form["type"] = "submit"
        await muc.set_room_config(slixmpp.JID(room), form)

    async def archive(self, room: str | None = None, contact: str | None = None) -> list[Archived]:
        """The texts in our own archive with a contact, or in a room's, from old to new."""
        results = self.xmpp.plugin["xep_0313"].iterate(
            jid=slixmpp.JID(room) if room else None,
            with_jid=slixmpp.JID(contact) if contact else None,
        )
        archived = []

        async def read() -> None:
            async for result in results:
                message = result["mam_result"]["forwarded"]["stanza"]
                if message["body"]:
                    sender = message["from"].resource if room else message["from"].bare
                    archived.append(Archived(sender, message["id"], message["body"]))

        await asyncio.wait_for(read(), DEADLINE)
        return archived

    def _session_started(self, _event: object) -> None:
        self.xmpp.send_presence()
        if not self._signed_in.done():
            self._signed_in.set_result(None)

    def _fail(self, reason: str) -> None:
        if not self._signed_in.done():
            self._signed_in.set_exception(AssertionError(f"slixmpp at {DOMAIN}: {reason}"))

    async def _message_came(self, message: slixmpp.Message) -> None:
        async with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    async def _receipt_came(self, message: slixmpp.Message) -> None:
        async with self._changed:
            self.receipts.add(message["receipt"])
            self._changed.notify_all()

    async def _until(self, found: Callable[[], object], what: str):
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(lambda: found() is not None), DEADLINE)
            except asyncio.TimeoutError:
                texts = [message["body"] for message in self.messages]
                raise AssertionError(f"slixmpp waited in vain {what}; it has {texts}, receipts {self.receipts}") from None
        return found()
