"""Telegram's side in its own process, with prepared response bodies so that it is never the limit.

``python -m benchmarks.server`` prints its port. Each token has its own people. Requests below
``/control/`` set the response delay and start measurements.
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
_ME = (
    b'{"ok":true,"result":'
    b'{"id":1,"is_bot":true,"first_name":"Slotkeeper","username":"slotkeeper_bot"}}'
)


class Account:
    """One bot's account: its queue of updates, and the people who write to it."""

    def __init__(self, venue: Venue) -> None:
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._polls: Reply | None = None
        self._messages = 1_000_000
        self.calls = 0
        self._sent: list[float] = []
        self._message_sent = asyncio.Event()
        self.crowd = Crowd(self._put, venue)
        self.busy = BusyCrowd(self._put)

    def call(self, method: str, body: bytes, reply: Reply) -> None:
        """Handle a method call; ``reply`` takes the response body."""
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
                self._message_sent.set()
            case "getMe":
                reply(_ME)
            case _:
                reply(_TRUE)

    async def count_messages(self, messages: int) -> dict[str, float]:
        """Wait until some messages were sent, and return their rate."""
        while len(self._sent) < messages:
            self._message_sent.clear()
            await self._message_sent.wait()
        return {"notifications sent": messages / (self._sent[-1] - self._sent[0])}

    def _show(self, body: bytes, reply: Reply) -> None:
        """Show a new or edited message; its person acts again after the response."""
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
        """Queue an update."""
        self._waiting.append((number, update))
        if self._polls is not None:
            # Updates that are queued right now are returned with it.
            asyncio.get_running_loop().call_soon(self._answer_poll)

    def _fetch(self, body: bytes, reply: Reply) -> None:
        """Answer getUpdates at once if updates are queued, else when some are."""
        offset, timeout = _number(_OFFSET, body), _number(_TIMEOUT, body)
        while self._waiting and self._waiting[0][0] < offset:
            self._waiting.popleft()
        self._polls = reply
        if self._waiting or not timeout:
            self._answer_poll()
        else:
            asyncio.get_running_loop().call_later(timeout, self._time_out, reply)

    def _time_out(self, reply: Reply) -> None:
        """Answer a poll whose timeout is over."""
        if self._polls is reply:
            self._answer_poll()

    def _answer_poll(self) -> None:
        """Answer the waiting poll with the queued updates."""
        if self._polls is None:
            return
        reply, self._polls = self._polls, None
        updates = [update for _, update in list(self._waiting)[:_PAGE]]
        reply(b'{"ok":true,"result":[' + b",".join(updates) + b"]}")


class TelegramServer:
    """All accounts, and the response delay."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._accounts: dict[str, Account] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay = 0.0

    def handle(self, path: str, body: bytes, reply: Reply) -> None:
        """Handle one request."""
        _, place, name = path.split("/", maxsplit=2)
        if place == "control":
            task = asyncio.create_task(self._control(name, json.loads(body), reply))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._account(place.removeprefix("bot")).call(
                name, body, partial(self._reply_late, reply) if self.delay else reply
            )

    def _reply_late(self, reply: Reply, body: bytes) -> None:
        """Reply after the response delay."""
        asyncio.get_running_loop().call_later(self.delay, reply, body)

    async def _control(self, name: str, options: dict[str, float | str], reply: Reply) -> None:
        """Run a measurement and reply with its figures."""
        account = self._account(str(options["token"]))
        self.delay, before = float(options["delay"]), account.calls
        figures = await self._measure(account, name, options)
        reply(json.dumps(figures | {"calls": account.calls - before}).encode())

    async def _measure(
        self, account: Account, name: str, options: dict[str, float | str]
    ) -> dict[str, float]:
        """Run one kind of measurement."""
        people = int(options["people"])
        match name:
            case "books":
                return await account.crowd.books(people, float(options["seconds"]))
            case "chats":
                return await account.busy.chats(people, float(options["seconds"]))
            case "waits":
                return await account.crowd.waits(
                    people, int(options["updates"]), float(options["seconds"])
                )
        return await account.count_messages(int(options["updates"]))

    def _account(self, token: str) -> Account:
        """Return the account of a token."""
        return self._accounts.setdefault(token, Account(self._venue))


class Wire(asyncio.Protocol):
    """One connection with as much of HTTP as bots use."""

    def __init__(self, server: TelegramServer) -> None:
        self._server = server
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Buffer data, and handle each complete request."""
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
            self._server.handle(head.split(b" ", maxsplit=2)[1].decode(), body, self._reply)

    def _reply(self, body: bytes) -> None:
        """Send a response."""
        if not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )


def _number(pattern: "re.Pattern[bytes]", body: bytes) -> int:
    """Return a number from a form body, 0 if it is missing."""
    found = pattern.search(body)
    return int(found[1]) if found else 0


async def serve(venue: Venue) -> None:
    """Serve until cancelled."""
    telegram = TelegramServer(venue)
    server = await asyncio.get_running_loop().create_server(lambda: Wire(telegram), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Venue(datetime.fromisoformat(sys.argv[1]), int(sys.argv[2]))))
