"""Telegram's side in a process of its own: it answers with bodies that are ready, so that it is never what is waited for.

``python -m benchmarks.server`` prints its port. Each token has a crowd of its own. How long every answer takes is set below ``/control/``.
"""

import asyncio
import json
import re
import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial

from benchmarks.busy import BusyCrowd
from benchmarks.crowd import MESSAGE, Crowd
from benchmarks.venue import Venue

Reply = Callable[[bytes], None]

_CHAT = re.compile(rb"(?:^|&)chat_id=(\d+)")
_MESSAGE = re.compile(rb"(?:^|&)message_id=(\d+)")
_QUERY = re.compile(rb"(?:^|&)callback_query_id=(\d+)")
_OFFSET = re.compile(rb"(?:^|&)offset=(\d+)")
_TIMEOUT = re.compile(rb"(?:^|&)timeout=(\d+)")
_HOLD = re.compile(rb"rc(?::|%3A)(\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PAGE = 100
_TRUE = b'{"ok":true,"result":true}'
_ME = b'{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Slotkeeper","username":"slotkeeper_bot"}}'


class Account:
    """One bot at Telegram: what waits for it, and the crowd that writes to it."""

    def __init__(self, venue: Venue) -> None:
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._polls: Reply | None = None
        self._messages = 1_000_000
        self.calls = 0
        self._sent: list[float] = []
        self._hears = asyncio.Event()
        self.crowd = Crowd(self._put, venue)
        self.busy = BusyCrowd(self._put)

    def call(self, method: str, body: bytes, reply: Reply) -> None:
        """Do what the bot asks for; ``reply`` is given the answer's body."""
        self.calls += 1
        match method:
            case "getUpdates":
                self._fetch(body, reply)
            case "answerCallbackQuery":
                self.crowd.answered(_number(_QUERY, body))
                self.busy.answered(_number(_QUERY, body))
                reply(_TRUE)
            case "editMessageText" | "sendMessage":
                self._show(body, reply)
                self._sent.append(time.perf_counter())
                self._hears.set()
            case "getMe":
                reply(_ME)
            case _:
                reply(_TRUE)

    async def hears(self, news: int) -> dict[str, float]:
        """Wait until so many messages were sent, and return how fast they came."""
        while len(self._sent) < news:
            self._hears.clear()
            await self._hears.wait()
        return {"told": news / (self._sent[-1] - self._sent[0])}

    def _show(self, body: bytes, reply: Reply) -> None:
        """Show a message, new or edited; the person goes on once the bot has heard of it."""
        self._messages += 1
        chat, message, held = (
            _number(_CHAT, body),
            _number(_MESSAGE, body) or self._messages,
            _number(_HOLD, body),
        )
        shown = MESSAGE % (message, chat, 1, self.crowd.screen_of(chat))
        reply(f'{{"ok":true,"result":{shown}}}'.encode())
        self.crowd.shown(chat, message, held or None)
        self.busy.shown(chat)

    def _put(self, number: int, update: bytes) -> None:
        """Have an update wait to be fetched."""
        self._waiting.append((number, update))
        if self._polls is not None:
            # Whoever else acts right now is fetched with it.
            asyncio.get_running_loop().call_soon(self._hand_out)

    def _fetch(self, body: bytes, reply: Reply) -> None:
        """Hand out what waits, or wait until something does."""
        offset, timeout = _number(_OFFSET, body), _number(_TIMEOUT, body)
        while self._waiting and self._waiting[0][0] < offset:
            self._waiting.popleft()
        self._polls = reply
        if self._waiting or not timeout:
            self._hand_out()
        else:
            asyncio.get_running_loop().call_later(timeout, self._give_up, reply)

    def _give_up(self, reply: Reply) -> None:
        """Answer a bot that has waited long enough."""
        if self._polls is reply:
            self._hand_out()

    def _hand_out(self) -> None:
        """Answer the bot that waits with what there is."""
        if self._polls is None:
            return
        reply, self._polls = self._polls, None
        updates = [update for _, update in list(self._waiting)[:_PAGE]]
        reply(b'{"ok":true,"result":[' + b",".join(updates) + b"]}")


class BotHarness:
    """All accounts, and how long Telegram takes."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._accounts: dict[str, Account] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay = 0.0

    def asked(self, path: str, body: bytes, reply: Reply) -> None:
        """Answer one request."""
        _, place, name = path.split("/", maxsplit=2)
        if place == "control":
            task = asyncio.create_task(self._controlled(name, json.loads(body), reply))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._account(place.removeprefix("bot")).call(
                name, body, partial(self._after_a_while, reply) if self.delay else reply
            )

    def _after_a_while(self, reply: Reply, body: bytes) -> None:
        """Reply as late as Telegram does."""
        asyncio.get_running_loop().call_later(self.delay, reply, body)

    async def _controlled(self, name: str, wish: dict[str, float | str], reply: Reply) -> None:
        """Do what the one who measures asks for, and return the figures."""
        account = self._account(str(wish["token"]))
        self.delay, before = float(wish["delay"]), account.calls
        figures = await self._measured(account, name, wish)
        reply(json.dumps(figures | {"calls": account.calls - before}).encode())

    async def _measured(
        self, account: Account, name: str, wish: dict[str, float | str]
    ) -> dict[str, float]:
        """Have something measured."""
        people = int(wish["people"])
        match name:
            case "books":
                return await account.crowd.books(people, float(wish["seconds"]))
            case "chats":
                return await account.busy.chats(people, float(wish["seconds"]))
            case "waits":
                return await account.crowd.waits(
                    people, int(wish["updates"]), float(wish["seconds"])
                )
        return await account.hears(int(wish["updates"]))

    def _account(self, token: str) -> Account:
        """Return the account of a token."""
        return self._accounts.setdefault(token, Account(self._venue))


class Wire(asyncio.Protocol):
    """One connection: as much of HTTP as bots speak."""

    def __init__(self, town: BotHarness) -> None:
        self._town = town
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read what has come, and answer each request that is whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, after = self._buffer[:end], end + 4
            found = _LENGTH.search(head)
            length = int(found[1]) if found else 0
            if len(self._buffer) < after + length:
                return
            body, self._buffer = (
                self._buffer[after : after + length],
                self._buffer[after + length :],
            )
            self._town.asked(head.split(b" ", maxsplit=2)[1].decode(), body, self._reply)

    def _reply(self, body: bytes) -> None:
        """Send an answer."""
        if not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )


def _number(pattern: "re.Pattern[bytes]", body: bytes) -> int:
    """Return the number a form gives, 0 where it gives none."""
    found = pattern.search(body)
    return int(found[1]) if found else 0


async def serve(venue: Venue) -> None:
    """Serve until cancelled."""
    town = BotHarness(venue)
    server = await asyncio.get_running_loop().create_server(lambda: Wire(town), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Venue(datetime.fromisoformat(sys.argv[1]), int(sys.argv[2]))))
