"""The peer of the bench `session`: slixmpp, used as its documentation shows, told what to do line by line.

Each line of standard input is a JSON object; each gets one line in answer, with the seconds that it took:

* cold: connects, signs in, announces itself, enters the rooms, reads what each room's archive has since a time
* reconnect: waits for the loss of the connection, connects, and waits until the session is resumed or begun anew
* send: sends a text to a room and waits until the room sends it back
* leave: says goodbye
"""

import asyncio
import json
import sys
import time
from datetime import datetime, timezone

import slixmpp

HOST, PORT, CA_FILE, ADDRESS, PASSWORD, NICK = sys.argv[1:7]


class Peer:
    def __init__(self) -> None:
        self.xmpp = slixmpp.ClientXMPP(ADDRESS, PASSWORD)
        self.xmpp.ca_certs = CA_FILE
        # As ours: TLS from the first byte.
        self.xmpp.enable_direct_tls = True
        self.xmpp.enable_starttls = False
        self.xmpp.enable_plaintext = False
        for plugin in ("xep_0030", "xep_0045", "xep_0198", "xep_0280", "xep_0313", "xep_0352"):
            self.xmpp.register_plugin(plugin)
        self.began = asyncio.Event()
        self.lost = asyncio.Event()
        self.heard: dict[str, asyncio.Event] = {}
        self.xmpp.add_event_handler("session_start", lambda _: self.began.set())
        self.xmpp.add_event_handler("session_resumed", lambda _: self.began.set())
        self.xmpp.add_event_handler("disconnected", lambda _: self.lost.set())
        self.xmpp.add_event_handler("groupchat_message", self._hear)

    async def cold(self, order: dict) -> dict:
        start = time.monotonic()
        self.xmpp.connect(HOST, int(PORT))
        await self.began.wait()
        self.xmpp.send_presence()
        await self.xmpp.get_roster()
        since = datetime.fromtimestamp(order["since"], timezone.utc)
        visits = (self._visit(room, since) for room in order["rooms"])
        if order["at_once"]:
            counts = await asyncio.gather(*visits)
        else:
            counts = [await visit for visit in visits]
        return {"seconds": time.monotonic() - start, "messages": sum(counts)}

    async def _visit(self, room: str, since: datetime) -> int:
        await self.xmpp.plugin["xep_0045"].join_muc_wait(slixmpp.JID(room), NICK, maxstanzas=0)
        count = 0
        async for _ in self.xmpp.plugin["xep_0313"].iterate(jid=slixmpp.JID(room), start=since, rsm={"max": 250}):
            count += 1
        return count

    async def reconnect(self, _order: dict) -> dict:
        await self.lost.wait()
        self.lost.clear()
        self.began.clear()
        start = time.monotonic()
        self.xmpp.connect(HOST, int(PORT))
        await self.began.wait()
        return {"seconds": time.monotonic() - start, "messages": 0}

    async def send(self, order: dict) -> dict:
        start = time.monotonic()
        heard = self.heard.setdefault(order["text"], asyncio.Event())
        self.xmpp.send_message(slixmpp.JID(order["room"]), order["text"], mtype="groupchat")
        await heard.wait()
        return {"seconds": time.monotonic() - start, "messages": 1}

    async def leave(self, _order: dict) -> dict:
        await self.xmpp.disconnect()
        return {"seconds": 0.0, "messages": 0}

    def _hear(self, message: slixmpp.Message) -> None:
        if heard := self.heard.get(message["body"]):
            heard.set()


async def main() -> None:
    peer = Peer()
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        print(json.dumps(await getattr(peer, order["do"])(order)), flush=True)
        if order["do"] == "leave":
            return


asyncio.run(main())
