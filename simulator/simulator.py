"""A simulated Telegram: people who act, a Bot API server for the bot, and a transcript."""

import asyncio
import contextlib
from typing import Any

from aiohttp import web

from simulator.api.calls import Call, Upload
from simulator.api.dispatch import Reply, answer
from simulator.api.methods.profile import commands_shown
from simulator.api.server import ApiServer, Mount
from simulator.api.webhook import WebhookSender
from simulator.faults import Faults, FloodLimits
from simulator.state.chats import ABSENT, Detail
from simulator.state.clock import Clock, system_clock
from simulator.state.groups import Channel, Group
from simulator.state.people import Person
from simulator.state.transcript import Delivery, Transcript
from simulator.state.world import World

_HOST = "127.0.0.1"


class Simulator:
    """A Telegram for one bot, with people, groups, faults and a transcript.

    `clock` returns the time as an aware datetime. Without `start` nothing is served: `call` answers
    the bot in process and `take_updates` returns the updates.
    """

    def __init__(
        self,
        token: str = "1:test",  # noqa: S107  (valid in the simulator only)
        username: str = "slotkeeper_bot",
        clock: Clock = system_clock,
    ) -> None:
        self._world = World(token, username, clock)
        self._server = ApiServer(self._world)
        self._runner: web.AppRunner | None = None
        self._sender: asyncio.Task[None] | None = None
        self.webhook = WebhookSender(self._world)
        self.url = ""

    @property
    def world(self) -> World:
        """Return all state."""
        return self._world

    @property
    def token(self) -> str:
        """Return the bot's token."""
        return self._world.token

    @property
    def transcript(self) -> Transcript:
        """Return the calls, the deliveries and the warnings."""
        return self._world.transcript

    @property
    def faults(self) -> Faults:
        """Return the faults, to add to and to clear."""
        return self._world.faults

    @property
    def flood_limits(self) -> FloodLimits:
        """Return Telegram's rate limits, off until enabled."""
        return self._world.flood_limits

    async def start(self, port: int = 0) -> None:
        """Serve on loopback at `url`; port 0 means any free port."""
        self._world.closing.clear()
        self._runner = web.AppRunner(
            self.application(), access_log=None, handler_cancellation=True, shutdown_timeout=1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, port)
        await site.start()
        self.url = f"http://{_HOST}:{self._runner.addresses[0][1]}"
        self._sender = asyncio.create_task(self.webhook.run())

    def application(self) -> web.Application:
        """Return the web application that `start` serves."""
        return self._server.application()

    def mount(self, add_routes: Mount) -> None:
        """Add routes on the same port, effective from the next `start`."""
        self._server.mounts.append(add_routes)

    async def serve_call(self, request: web.Request) -> web.StreamResponse:
        """Answer a Bot API request on a mounted route, whose path has `token` and `method`."""
        return await self._server.call(request)

    async def stop(self) -> None:
        """Warn about unanswered taps, release waiting calls, and stop serving. Idempotent."""
        self._world.report_unanswered_taps()
        self._world.closing.set()
        self._world.end_poll("the server is stopping")
        if self._sender is not None:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
        await asyncio.gather(*self._world.delayed)
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = self._sender = None

    def person(
        self,
        first_name: str | None,
        *,
        last_name: Detail = ABSENT,
        username: Detail = ABSENT,
        language_code: Detail = "en",
        is_bot: bool = False,
        id: int | None = None,  # noqa: A002  (the Bot API's name)
    ) -> Person:
        """Add a person or another bot.

        Ids count from 1000 unless given; a taken id raises ValueError. None is sent as null,
        `ABSENT` leaves a field out. A deleted account has the first name "".
        """
        names = {"first_name": first_name, "last_name": last_name, "username": username}
        return Person(
            self._world,
            self._world.new_account(id, names | {"language_code": language_code}, is_bot=is_bot),
        )

    def group(self, title: str) -> Group:
        """Create a group that includes the bot."""
        return Group(self._world, self._world.new_chat("group", title))

    def supergroup(self, title: str) -> Group:
        """Create a supergroup that includes the bot.

        Only supergroups have anonymous admins and messages from channels.
        """
        return Group(self._world, self._world.new_chat("supergroup", title))

    def channel(self, title: str, username: str | None = None) -> Channel:
        """Create a channel, which is public if it has a user name."""
        return Channel(
            self._world,
            self._world.new_chat("channel", title, **({"username": username} if username else {})),
        )

    async def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        files: dict[str, Upload] | None = None,
    ) -> Reply:
        """Answer a call of the bot in process, without HTTP.

        `fate` in the reply says whether the answer would have arrived.
        """
        return await answer(self._world, Call(method, params or {}, files or {}))

    def number_from(self, number: int) -> None:
        """Number updates and messages from here, for a bot that knows an earlier simulator."""
        self._world.updates.next_id = self._world.last_message_id = number

    def take_updates(self) -> list[dict[str, Any]]:
        """Return the pending updates and mark them as delivered."""
        taken = self._world.updates.take()
        self.transcript.deliveries.extend(
            Delivery(update, "take_updates", self._world.clock()) for update in taken
        )
        return taken

    def redeliver(self, update_id: int) -> dict[str, Any]:
        """Queue a known update again under its old number; raise KeyError for an unknown one."""
        for tap in self._world.taps.values():
            tap.redelivered = tap.redelivered or tap.update_id == update_id
        return self._world.updates.repeat(update_id)

    def check_taps(self) -> list[str]:
        """Warn about taps that reached the bot and are unanswered; return the new warnings."""
        return self._world.report_unanswered_taps()

    def commands_for(self, person: Person) -> list[dict[str, str]]:
        """Return the commands in this person's menu."""
        return commands_shown(
            self._world, person.id, self._world.accounts[person.id].language_code or ""
        )
