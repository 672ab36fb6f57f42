"""Chats with the real bot: its real application and a real SQLite file, over loopback, with only Telegram itself simulated."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from telegram import Update
from telegram.ext import BaseHandler

from bot.app import App, build, opened
from bot.dialogue.context import Context
from bot.outbox.rate_limiter import RateLimiter
from bot.settings import Settings
from simulator.simulator import Simulator
from simulator.state.chats import Message
from simulator.state.people import Person
from tests.kit.odd_events import Oddities

AnyHarness = TypeVar("AnyHarness", bound="BotHarness")

TOKEN = "1:test"
ADMIN_ID = 900
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class BotHarness:
    """A simulated Telegram, a bot in it that can be restarted, and a clock that moves when told to."""

    def __init__(
        self,
        database_url: str,
        *,
        patience: float = 10.0,
        rate_limiter: RateLimiter | None = None,
        **settings: Any,
    ) -> None:
        self.now = MONDAY
        self.patience = patience
        self.rate_limiter = rate_limiter
        self.simulator = Simulator(token=TOKEN, clock=lambda: self.now)
        self._given = {
            "database_url": database_url,
            "admin_ids": str(ADMIN_ID),
            "time_zone": "Europe/Berlin",
            **settings,
        }
        self._open = AsyncExitStack()
        self._known: dict[str, ChatUser] = {}
        self._first: list[BaseHandler[Update, Context, Any]] = []
        self.oddities: Oddities | None = None
        self.settings: Settings
        self.app: App

    async def starts(self) -> None:
        """Open Telegram and the bot."""
        await self.simulator.start()
        self.settings = Settings(_env_file=None, telegram_api_url=self.simulator.url, **self._given)
        await self._opens_bot()

    async def ends(self) -> None:
        """Close everything, and hold the wire to its word: nothing was refused and no tap was left unanswered."""
        await self._open.aclose()
        await self.simulator.stop()
        # aiohttp keeps the handlers of its last thousand servers, and so each Telegram and its town; the bot would be the weighty part.
        del self.app

    async def restarts(self) -> None:
        """Stop the bot and start it again on the same database; what was overdue goes out."""
        await self._open.aclose()
        await self.recovers()

    async def crashes(self) -> None:
        """Let the bot die with its answers in hand: whatever was committed is all that is left of it."""
        for task in (*self.app.processor._answers, *self.app.relay._in_hand):
            task.cancel()
        await self._open.aclose()

    async def recovers(self) -> None:
        """Start the bot again after a crash; what was overdue goes out."""
        await self._opens_bot()
        await self.app.jobs.take_over()
        await self.settles()

    def adds(self, handler: BaseHandler[Update, Context, Any]) -> None:
        """Have the bot ask this handler first, now and after each restart."""
        self._first.insert(0, handler)
        self.app.application.handlers[0].insert(0, handler)

    async def passes(self, **time: float) -> None:
        """Let time pass, and do what falls due; the keywords are those of timedelta."""
        self.now += timedelta(**time)
        await self.settles()

    async def settles(self) -> None:
        """Have the bot work all that people did and do what is due, and wait until it has answered."""
        await self.hears()
        await self.runs_due()

    async def answers(self) -> None:
        """Have the bot work all that people did, and do what is due if its alarm rings for it, as when it runs by itself."""
        await self.hears()
        if self._alarm_rings():
            await self.runs_due()
        await self.app.relay.idle()

    async def hears(self) -> None:
        """Have the bot work all that people did."""
        while updates := self.simulator.take_updates():
            await self.works(updates)

    async def runs_due(self) -> None:
        """Have the bot do what is due, as it does when its alarm rings, and wait until that has arrived."""
        self._alarm_rings()
        await self.app.jobs.run_due()
        await self.app.relay.idle()

    def _alarm_rings(self) -> bool:
        """Tell whether the bot's alarm rings by now; it is then set for nothing, as for one who waited for it."""
        alarm = self.app.alarm
        rings = alarm._bell.is_set() or (alarm._set_for is not None and alarm._set_for <= self.now)
        if rings:
            alarm._bell.clear()
            alarm._set_for = None
        return rings

    async def works(self, updates: list[dict[str, Any]]) -> None:
        """Have the bot work these updates one after another, as Telegram would deliver one chat's."""
        for raw in updates:
            await self.app.receiver.once(self.app.receiver.read(raw))
        await self.app.processor.idle()

    def joins(self, name: str | None, **details: Any) -> "ChatUser":
        """Let somebody join Telegram."""
        given = self.oddities.details(details) if self.oddities else details
        return ChatUser(self, self.simulator.person(name, **given))

    def knows(self, name: str, **details: Any) -> "ChatUser":
        """Return the person of this name, who joins Telegram the first time."""
        if name not in self._known:
            self._known[name] = self.joins(name, **details)
        return self._known[name]

    async def _opens_bot(self) -> None:
        app = build(
            self.settings,
            TOKEN,
            clock=lambda: self.now,
            patience=self.patience,
            longest_patience=12 * self.patience,
            rate_limiter=self.rate_limiter,
        )
        for handler in reversed(self._first):
            app.application.handlers[0].insert(0, handler)
        self.app = await self._open.enter_async_context(opened(app, self.settings))
        await self.app.membership.wait_until_leader()


@asynccontextmanager
async def running(place: AnyHarness, meant: Collection[str] = ()) -> AsyncIterator[AnyHarness]:
    """Have a town for a block; Telegram must have refused nothing but what is ``meant``, by a part of its words."""
    await place.starts()
    yield place
    await place.ends()
    assert [
        warning
        for warning in place.simulator.transcript.warnings
        if not any(part in warning for part in meant)
    ] == []


class ChatUser:
    """Somebody chatting with the bot; each act is worked before it returns."""

    def __init__(self, bot: BotHarness, person: Person) -> None:
        self.bot = bot
        self.person = person

    @property
    def id(self) -> int:
        """The Telegram user id."""
        return self.person.id

    async def sends(self, text: str) -> None:
        """Write a line."""
        self.person.sends(text)
        await self._answered()

    async def opens(self, link: str) -> None:
        """Open a deep link."""
        self.person.opens(link)
        await self._answered()

    async def taps(self, label: str, *, message: Message | None = None) -> None:
        """Tap a button: the one with this label, else the first that begins with it or ends in it, newest message first."""
        shown = [message] if message else list(self.person.chat.newest_first())
        labels = [button.text for m in shown for button in m.buttons]
        loose = next(
            (text for text in labels if text.startswith(label) or text.endswith(label)), label
        )
        known = any(text == label or text.split(" ", 1)[-1] == label for text in labels)
        self.person.taps(label if known else loose, message=message)
        await self._answered()

    async def taps_data(self, data: str, message: int | None = None) -> None:
        """Tap a forged or very old button."""
        self.person.taps_data(data, message or 1)
        await self._answered()

    async def _answered(self) -> None:
        """Have the bot work what was done, and what happens to be going on beside it."""
        if self.bot.oddities:
            self.bot.oddities.accompany(self.person)
        await self.bot.answers()

    @property
    def shown(self) -> list[Message]:
        """The bot's messages that are there now, the oldest first."""
        return [message for message in self.person.chat.messages if message.sender == "bot"]

    @property
    def last(self) -> Message:
        """The bot's newest message."""
        return self.shown[-1]

    @property
    def card(self) -> Message:
        """The bot's newest message that has buttons."""
        return next(message for message in reversed(self.shown) if message.rows)

    @property
    def buttons(self) -> list[str]:
        """The labels on the newest message that has buttons, without the dots of a calendar."""
        return [button.text for button in self.card.buttons if button.text != "·"]

    @property
    def toast(self) -> str:
        """What the newest tap was answered with; nothing where nobody said anything."""
        return self.person.toasts[-1][0] if self.person.toasts else ""

    def link(self, part: str) -> str:
        """Return the newest link with this part that the bot sent."""
        return next(
            word
            for message in reversed(self.shown)
            for word in message.text.split()
            if part in word
        )

    def sees(self, part: str) -> bool:
        """Tell whether some message, as it reads now, has this part."""
        return any(part in message.text for message in self.shown)


async def until(
    condition: Callable[[], object], *, every: float = 0.01, within: float = 30
) -> None:
    """Wait for what another task brings about, looking every so many seconds; raises TimeoutError where it does not come in time."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  (the far side has no event to set)
            await asyncio.sleep(every)
