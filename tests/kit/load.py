"""People who book all at once, as people do: they ask, pick a day and a time, and confirm, give back, change their mind, or forget."""

import asyncio
import json
import random
from collections.abc import Callable
from itertools import cycle
from typing import Any

from simulator.simulator import Simulator
from simulator.state.chats import Message, Tap
from simulator.state.keyboards import Button
from simulator.state.world import ANSWERABLE
from tests.kit.waiting import until

# Everybody wants one of the first times of the first days.
_DAYS, _TIMES = 3, 8
_PONDERS = 0.3
# Before a crowd on a machine that others use as well can say that nobody answers.
_PATIENCE = 120
_APART = 0.05


class LoadClient:
    """Somebody who books until he is told to stop, and waits for the answer to each of his acts before the next one."""

    def __init__(self, simulator: Simulator, number: int) -> None:
        self.person = simulator.person(f"Guest {number}")
        self.asked = self.granted = 0
        self._simulator = simulator
        # Neighbours want the same.
        self._chance = random.Random(number // 2)  # noqa: S311  (nobody gains by guessing it)
        acts = [self._confirms, self._forgets, self._releases, self._moves]
        self._acts = cycle(acts[number % len(acts) :] + acts[: number % len(acts)])

    async def books(self) -> None:
        """Book once."""
        asked = self.person.sends("/book")["message"]["message_id"]
        self.asked += 1
        await until(lambda: self._calendar(asked), within=_PATIENCE)
        card = self._calendar(asked)
        if card is not None and await self._picks(card):
            await next(self._acts)(card)
        await asyncio.sleep(self._chance.uniform(0, 2 * _PONDERS))

    async def _picks(self, card: Message) -> bool:
        """Pick a day and a time, and tell whether that became a hold, which may have run out already by the time it is shown."""
        if not await self._taps(card, "bd:", _DAYS) or not any(
            _is(button, "bs:") for button in card.buttons
        ):
            return False
        await self._takes(card)
        return any(_is(button, "rc:") for button in card.buttons)

    async def _confirms(self, card: Message) -> None:
        await self._taps(card, "rc:")

    async def _releases(self, card: Message) -> None:
        await self._taps(card, "rr:")

    async def _forgets(self, card: Message) -> None:
        """Let the hold run out."""

    async def _moves(self, card: Message) -> None:
        """Choose another time for the hold, and let that one run out; where it has run out before, the other time is a new hold."""
        if await self._taps(card, "ro:") and await self._taps(card, "bd:", _DAYS):
            await self._takes(card)

    async def _takes(self, card: Message) -> None:
        """Tap a time, and note whether it was granted: a refusal is said aloud, with the answer to the tap."""
        toasts = len(self.person.toasts)
        if await self._taps(card, "bs:", _TIMES):
            self.granted += len(self.person.toasts) == toasts

    async def _taps(self, card: Message, kind: str, among: int = 1) -> bool:
        """Tap one of the first buttons of a kind, and wait for the answer; tell whether there was one to tap."""
        buttons = [button for button in card.buttons if _is(button, kind)][:among]
        if not buttons:
            return False
        button = self._chance.choice(buttons)
        edits, toasts = card.edited, len(self.person.toasts)
        update = self.person.taps_data(button.data or "", card.id, label=button.text)
        tap = self._simulator.world.taps[update["callback_query"]["id"]]
        await until(
            lambda: (
                tap.answers
                and (card.edited > edits or len(self.person.toasts) > toasts or self._is_late(tap))
            ),
            within=_PATIENCE,
        )
        return True

    def _is_late(self, tap: Tap) -> bool:
        """Tell whether a tap has grown so old that Telegram shows no answer to it any more."""
        return self._simulator.world.now() - tap.at > ANSWERABLE

    def _calendar(self, asked: int) -> Message | None:
        """Return the answer to a question: the first message after it from which a day can be chosen."""
        return next(
            (
                m
                for m in self.person.chat.messages
                if m.id > asked and any(_is(b, "bd:") for b in m.buttons)
            ),
            None,
        )


async def come_and_go(guests: list[LoadClient], goes_on: Callable[[], bool]) -> None:
    """Have everybody book again and again, and end once each has had the answer to the last of his acts."""

    async def comes(guest: LoadClient, after: float) -> None:
        await asyncio.sleep(after)
        while goes_on():
            await guest.books()

    async with asyncio.TaskGroup() as group:
        for number, guest in enumerate(guests):
            group.create_task(comes(guest, number * _APART))


def reservations_shown(markup: Any) -> set[int]:
    """Return the numbers of the reservations that a keyboard offers to confirm."""
    keyboard = json.loads(markup) if isinstance(markup, str) else markup or {}
    rows = keyboard.get("inline_keyboard", [])
    return {
        int(button["callback_data"][3:])
        for row in rows
        for button in row
        if button.get("callback_data", "").startswith("rc:")
    }


def _is(button: Button, kind: str) -> bool:
    """Tell whether a button's data is of this kind."""
    return (button.data or "").startswith(kind)
