"""A crowd that books: each person does the next thing once the last was answered, and what is waited for is timed.

The mix of one person: ask to book, choose a provider, a day and a time, confirm; then the same with another time, and release it.
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
from bot.buttons import BookingDay, ChooseProvider, ConfirmHold, PickSlot, ReleaseHold
from domain.timespan import instant

MIX = ("/book", "bc", "bd", "bs", "rc", "/book", "bc", "bd", "bs", "rr")
FIRST_PERSON = 10_000_000
# The horizon does not reach to the end of the last days.
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
    """One of the crowd: which step of the mix comes next, on which message, and with whom he books."""

    number: int
    provider: int
    step: int = 0
    message: int = 1
    reservation: int = 1
    began: float = 0.0
    unanswered: int = 0

    @property
    def chat(self) -> int:
        """His Telegram user id, and his chat's."""
        return FIRST_PERSON + self.number

    @property
    def kind(self) -> str:
        """What he does now."""
        return MIX[self.step % len(MIX)]

    @property
    def slot(self) -> int:
        """The slot he is booking: another one each time."""
        free = _free(self.provider)
        return free[(self.step // (len(MIX) // 2)) % len(free)]


@cache
def _free(provider: int) -> list[int]:
    """Return the slots that are free with a crowded provider."""
    return [slot for slot in range(_DAYS_USED * SLOTS_A_DAY) if not is_taken(provider, slot)]


@dataclass(slots=True)
class Timing:
    """What was waited for, in seconds: until a tap was answered, and until the screen showed what came of it."""

    answered: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    problems: int = 0

    def told(self, seconds: float) -> dict[str, float]:
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
    """The people who write to one bot; ``put`` takes each update that is to be fetched."""

    def __init__(self, put: Callable[[int, bytes], None], venue: Venue) -> None:
        self._put = put
        self._venue = venue
        self._numbers = count(1)
        self._people: dict[int, Person] = {}
        self._timing = Timing()
        self._goes_on = self._piled = False
        self._idle = asyncio.Event()

    async def books(self, people: int, seconds: float) -> dict[str, float]:
        """Let so many people book for a while, and return what was measured once the last one has been answered."""
        assert people <= self._venue.crowded
        began = self._begin()
        self._goes_on = True
        for person in self._first(people):
            self._acts(person)
        await asyncio.sleep(seconds)
        self._goes_on = False
        await self._idle.wait()
        return self._timing.told(time.perf_counter() - began)

    async def waits(self, people: int, updates: int, seconds: float) -> dict[str, float]:
        """Let updates pile up at once, of people who only look around, and return how they were worked off, for so long at most."""
        began = self._begin()
        self._piled = True
        for turn in range(updates // people):
            for person in self._first(people):
                person.step = turn % MIX.index("bs")
                self._acts(person)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        self._piled = False
        for person in self._first(people):
            person.step = 0
        return self._timing.told(time.perf_counter() - began)

    def answered(self, chat: int) -> None:
        """Take note that a tap was answered."""
        person = self._people.get(chat)
        if person is not None:
            self._timing.answered.append(time.perf_counter() - person.began)

    def shown(self, chat: int, message: int, reservation: int | None) -> None:
        """Take note that a person sees a screen now: he goes on."""
        person = self._people.get(chat)
        if person is None or not person.unanswered:
            return
        person.unanswered -= 1
        self._timing.shown.append(time.perf_counter() - person.began)
        if not self._piled:
            self._timing.problems += person.kind == "bs" and reservation is None
            person.reservation, person.message = reservation or person.reservation, message
            person.step += 1
        if self._goes_on:
            self._acts(person)
        elif not any(each.unanswered for each in self._people.values()):
            self._idle.set()

    def screen_of(self, chat: int) -> str:
        """Return the keyboard of what a person is shown."""
        person = self._people.get(chat)
        return MARKUPS[person.kind if person else "rc"]

    def _begin(self) -> float:
        """Begin to measure."""
        self._timing = Timing()
        self._idle.clear()
        return time.perf_counter()

    def _first(self, people: int) -> list[Person]:
        """Return so many people; no two share a provider while there are enough of them."""
        for number in range(len(self._people) + 1, people + 1):
            self._people[FIRST_PERSON + number] = Person(
                number, (number - 1) % self._venue.crowded + 1
            )
        return list(self._people.values())[:people]

    def _acts(self, person: Person) -> None:
        """Let a person do the next thing."""
        number, date = next(self._numbers), int(time.time())
        person.began, person.unanswered = time.perf_counter(), person.unanswered + 1
        if person.kind == "/book":
            text = _COMMAND % (number, number, person.chat, person.chat, date)
        else:
            # In a pile each tap is on a message of its own: what a message shows already is not shown again.
            seen = MESSAGE % (
                number if self._piled else person.message,
                person.chat,
                date,
                MARKUPS[MIX[person.step % len(MIX) - 1]],
            )
            # The tap's number tells whose it is.
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
            case "bs":
                return PickSlot(person.provider, cell, 0).pack()
            case "rc":
                return ConfirmHold(person.reservation).pack()
        return ReleaseHold(person.reservation).pack()
