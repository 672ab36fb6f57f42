"""Load of busy people, who write every second, and quiet people, whose waiting is measured."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.report import percentiles
from benchmarks.screens import MARKUPS, TEXT
from bot.buttons.booking import ChooseProvider

_FIRST_BUSY, _FIRST_QUIET = 50_000_000, 60_000_000
# So many that none of them acts twice within half a minute.
_QUIET = 120
_QUIET_SECONDS = 0.25
_START_SECONDS = 5.0
_LONGEST_WAIT = 30.0

_USER = '{"id":%d,"is_bot":false,"first_name":"Person","language_code":"en"}'
_CHAT = '{"id":%d,"type":"private","first_name":"Person"}'
_LINE = (
    '{"update_id":%d,"message":{"message_id":%d,"from":'
    + _USER
    + ',"chat":'
    + _CHAT
    + ',"date":%d,"text":"/help",'
    '"entities":[{"type":"bot_command","offset":0,"length":5}]}}'
)
_SEEN = (
    '{"message_id":%d,"from":{"id":1,"is_bot":true,"first_name":"S"},"chat":'
    + _CHAT
    + ',"date":%d,"text":'
    + json.dumps(TEXT)
)
_TAP = (
    '{"update_id":%d,"callback_query":{"id":"%d","from":'
    + _USER
    + ',"chat_instance":"1","data":"%s",'
    '"message":' + _SEEN + ',"reply_markup":%s}}}'
)


@dataclass(slots=True)
class _Waits:
    """What quiet people wait for, by person, and how long they waited, in seconds."""

    answer: dict[int, float] = field(default_factory=dict)
    screen: dict[int, float] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    busy_answers: int = 0


class BusyCrowd:
    """The people who write to one bot; ``put`` queues an update for it."""

    def __init__(self, put: Callable[[int, bytes], None]) -> None:
        self._put = put
        self._numbers = itertools.count(1)
        self._waits = _Waits()

    async def chats(self, busy: int, seconds: float) -> dict[str, float]:
        """Let busy people write for some seconds among quiet people.

        Returns how long the quiet people waited, in milliseconds.
        """
        self._waits = waits = _Waits()
        began = time.perf_counter()
        writing = [
            asyncio.create_task(self._writes(_FIRST_BUSY + each, each / max(busy, 1), seconds))
            for each in range(busy)
        ]
        # Until the bot has answered them once, busy people count as quiet.
        await asyncio.sleep(min(_START_SECONDS, seconds / 2) if busy else 0)
        await self._quiet(began + seconds)
        await asyncio.gather(*writing)
        answers = waits.busy_answers / (time.perf_counter() - began)
        unanswered = await self._settled()
        names = ("p50", "p99", "longest")
        answered = percentiles(waits.answered, 50, 99, 100)
        shown = percentiles(waits.shown, 50, 99, 100)
        figures = {
            f"tap answered, {name}": 1000 * value
            for name, value in zip(names, answered, strict=True)
        }
        figures |= {
            f"quiet person shown, {name}": 1000 * value
            for name, value in zip(names, shown, strict=True)
        }
        return figures | {"busy people shown": answers, "problems": unanswered}

    def answered(self, chat: int) -> None:
        """Record that a tap was answered."""
        if (since := self._waits.answer.pop(chat, None)) is not None:
            self._waits.answered.append(time.perf_counter() - since)

    def shown(self, chat: int) -> None:
        """Record that a person got a new screen."""
        self._waits.busy_answers += _FIRST_BUSY <= chat < _FIRST_QUIET
        if (since := self._waits.screen.pop(chat, None)) is not None:
            self._waits.shown.append(time.perf_counter() - since)

    async def _writes(self, chat: int, offset: float, seconds: float) -> None:
        """Let a person write once a second."""
        began = time.perf_counter() + offset
        for turn in range(int(seconds)):
            await asyncio.sleep(began + turn - time.perf_counter())
            self._line(chat)

    async def _quiet(self, until: float) -> None:
        """Let quiet people act one by one, by turns with a tap and a message."""
        for turn in itertools.count():
            if time.perf_counter() >= until:
                return
            chat = _FIRST_QUIET + turn % _QUIET
            if chat not in self._waits.screen:
                self._waits.screen[chat] = time.perf_counter()
                (self._tap if turn % 2 == 0 else self._line)(chat)
            await asyncio.sleep(_QUIET_SECONDS)

    async def _settled(self) -> int:
        """Wait for outstanding answers; return how many never came."""
        deadline = time.perf_counter() + _LONGEST_WAIT
        while (self._waits.screen or self._waits.answer) and time.perf_counter() < deadline:  # noqa: ASYNC110  (polling is precise enough)
            await asyncio.sleep(0.05)
        return len(self._waits.screen) + len(self._waits.answer)

    def _line(self, chat: int) -> None:
        """Let a person send a message."""
        number = next(self._numbers)
        self._put(number, (_LINE % (number, number, chat, chat, int(time.time()))).encode())

    def _tap(self, chat: int) -> None:
        """Let a person tap a button; the callback query id is the person's chat id."""
        number, date = next(self._numbers), int(time.time())
        self._waits.answer[chat] = time.perf_counter()
        data = ChooseProvider(1 + number % 2, 0).pack()
        self._put(
            number,
            (_TAP % (number, chat, chat, data, number, chat, date, MARKUPS["/book"])).encode(),
        )
