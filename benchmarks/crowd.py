"""Load of people who book: each acts again once the last action was answered, and waits are timed.

One person's actions: book, choose provider, day and time, confirm; then again, and release.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import count

from benchmarks.report import percentiles
from benchmarks.screens import MARKUPS, TEXT
from benchmarks.venue import DAYS, SLOTS_A_DAY, Venue, is_taken
from bot.buttons.booking import BookingDay, ChooseProvider, ConfirmHold, PickSlot, ReleaseHold
from domain.timespan import instant

MIX = ("/book", "bc", "bd", "bt", "rc", "/book", "bc", "bd", "bt", "rr")
FIRST_PERSON = 10_000_000
# The booking horizon ends before the last days.
_DAYS_USED = DAYS - 4

_USER = '{"id":%d,"is_bot":false,"first_name":"Person","language_code":"en"}'
_CHAT = '{"id":%d,"type":"private","first_name":"Person"}'
_BOT = '{"id":1,"is_bot":true,"first_name":"Slotkeeper","username":"slotkeeper_bot"}'
MESSAGE = (
    '{"message_id":%d,"from":'
    + _BOT
    + ',"chat":'
    + _CHAT
    + ',"date":%d,"text":'
    + json.dumps(TEXT)
    + ',"reply_markup":%s}'
)
_COMMAND = (
    '{"update_id":%d,"message":{"message_id":%d,"from":'
    + _USER
    + ',"chat":'
    + _CHAT
    + ',"date":%d,"text":"/book",'
    '"entities":[{"type":"bot_command","offset":0,"length":5}]}}'
)
_TAP = (
    '{"update_id":%d,"callback_query":{"id":"%d","from":'
    + _USER
    + ',"chat_instance":"1","data":"%s","message":%s}}'
)


@dataclass(slots=True)
class Person:
    """One person: the next step of the mix, its message, and the provider to book with."""

    number: int
    provider: int
    step: int = 0
    message: int = 1
    reservation: int = 1
    began: float = 0.0
    unanswered: int = 0

    @property
    def chat(self) -> int:
        """The person's Telegram user id and chat id."""
        return FIRST_PERSON + self.number

    @property
    def kind(self) -> str:
        """The kind of the current step."""
        return MIX[self.step % len(MIX)]

    @property
    def slot(self) -> int:
        """The slot of the current booking, another one each time."""
        free = _free(self.provider)
        return free[(self.step // (len(MIX) // 2)) % len(free)]


@cache
def _free(provider: int) -> list[int]:
    """Return the free slots of a crowded provider."""
    return [slot for slot in range(_DAYS_USED * SLOTS_A_DAY) if not is_taken(provider, slot)]


@dataclass(slots=True)
class Timing:
    """Waits in seconds: until a tap was answered, and until the screen showed its result."""

    answered: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    problems: int = 0

    def figures(self, seconds: float) -> dict[str, float]:
        """Return the figures, times in milliseconds."""
        answered, shown = percentiles(self.answered, 50, 99), percentiles(self.shown, 50, 99)
        names = ("tap answered, p50", "tap answered, p99", "screen shown, p50", "screen shown, p99")
        times = {name: 1000 * value for name, value in zip(names, (*answered, *shown), strict=True)}
        return {
            "updates a second": len(self.shown) / seconds,
            **times,
            "updates": len(self.shown),
            "problems": self.problems,
        }


class Crowd:
    """The people who write to one bot; ``put`` queues an update for it."""

    def __init__(self, put: Callable[[int, bytes], None], venue: Venue) -> None:
        self._put = put
        self._venue = venue
        self._numbers = count(1)
        self._people: dict[int, Person] = {}
        self._timing = Timing()
        self._is_running = self._is_backlog = False
        self._idle = asyncio.Event()

    async def books(self, people: int, seconds: float) -> dict[str, float]:
        """Let people book for some seconds; return the figures after the last answer."""
        assert people <= self._venue.crowded
        began = self._begin()
        self._is_running = True
        for person in self._first(people):
            self._acts(person)
        await asyncio.sleep(seconds)
        self._is_running = False
        await self._idle.wait()
        return self._timing.figures(time.perf_counter() - began)

    async def waits(self, people: int, updates: int, seconds: float) -> dict[str, float]:
        """Queue updates of people who browse; return how they were processed in ``seconds``."""
        began = self._begin()
        self._is_backlog = True
        for turn in range(updates // people):
            for person in self._first(people):
                person.step = turn % MIX.index("bt")
                self._acts(person)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        self._is_backlog = False
        for person in self._first(people):
            person.step = 0
        return self._timing.figures(time.perf_counter() - began)

    def answered(self, chat: int) -> None:
        """Record that a tap was answered."""
        person = self._people.get(chat)
        if person is not None:
            self._timing.answered.append(time.perf_counter() - person.began)

    def shown(self, chat: int, message: int, reservation: int | None) -> None:
        """Record that a person got a screen, and let them act again."""
        person = self._people.get(chat)
        if person is None or not person.unanswered:
            return
        person.unanswered -= 1
        self._timing.shown.append(time.perf_counter() - person.began)
        if not self._is_backlog:
            self._timing.problems += person.kind == "bt" and reservation is None
            person.reservation, person.message = reservation or person.reservation, message
            person.step += 1
        if self._is_running:
            self._acts(person)
        elif not any(each.unanswered for each in self._people.values()):
            self._idle.set()

    def screen_of(self, chat: int) -> str:
        """Return the keyboard of a person's next screen."""
        person = self._people.get(chat)
        return MARKUPS[person.kind if person else "rc"]

    def _begin(self) -> float:
        """Start measuring."""
        self._timing = Timing()
        self._idle.clear()
        return time.perf_counter()

    def _first(self, people: int) -> list[Person]:
        """Return people; they have different providers while there are enough."""
        for number in range(len(self._people) + 1, people + 1):
            self._people[FIRST_PERSON + number] = Person(
                number, (number - 1) % self._venue.crowded + 1
            )
        return list(self._people.values())[:people]

    def _acts(self, person: Person) -> None:
        """Let a person take the next step."""
        number, date = next(self._numbers), int(time.time())
        person.began, person.unanswered = time.perf_counter(), person.unanswered + 1
        if person.kind == "/book":
            text = _COMMAND % (number, number, person.chat, person.chat, date)
        else:
            # In a backlog each tap has its own message: the bot shows no content twice.
            seen = MESSAGE % (
                number if self._is_backlog else person.message,
                person.chat,
                date,
                MARKUPS[MIX[person.step % len(MIX) - 1]],
            )
            # The callback query id is the person's chat id.
            text = _TAP % (number, person.chat, person.chat, self._data(person), seen)
        self._put(number, text.encode())

    def _data(self, person: Person) -> str:
        """Return the data of the button that a person taps."""
        cell = self._venue.cell(person.slot)
        match person.kind:
            case "bc":
                return ChooseProvider(person.provider, 0).pack()
            case "bd":
                return BookingDay(person.provider, instant(cell).date(), 0, 0).pack()
            case "bt":
                return PickSlot(person.provider, cell, 0).pack()
            case "rc":
                return ConfirmHold(person.reservation).pack()
        return ReleaseHold(person.reservation).pack()
