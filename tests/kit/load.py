"""Load for a bot: many clients book at once, then confirm, release, move or forget their holds."""

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

# All clients choose among the first times of the first days, to compete for them.
_DAYS, _TIMES = 3, 8
_MEAN_PAUSE_SECONDS = 0.3
# Long enough for a busy machine.
_REPLY_TIMEOUT = 120
_START_INTERVAL = 0.05


class LoadClient:
    """A client who books again and again, and waits for each reply before the next act."""

    def __init__(self, simulator: Simulator, number: int) -> None:
        self.person = simulator.person(f"Guest {number}")
        self.commands_sent = self.holds_granted = 0
        self._simulator = simulator
        # Two clients share each seed, so that they want the same time.
        self._random = random.Random(number // 2)  # noqa: S311  (not a secret)
        acts = [self._confirm, self._forget, self._release, self._move]
        self._acts = cycle(acts[number % len(acts) :] + acts[: number % len(acts)])

    async def book(self) -> None:
        """Book once, and do one thing with the hold."""
        asked = self.person.sends("/book")["message"]["message_id"]
        self.commands_sent += 1
        await until(lambda: self._calendar(asked), within=_REPLY_TIMEOUT)
        card = self._calendar(asked)
        if card is not None and await self._hold(card):
            await next(self._acts)(card)
        await asyncio.sleep(self._random.uniform(0, 2 * _MEAN_PAUSE_SECONDS))

    async def _hold(self, card: Message) -> bool:
        """Pick a day and a time, and return whether the card shows a hold that can be confirmed."""
        if not await self._tap(card, "bd:", _DAYS) or not any(
            _is(button, "bt:") for button in card.buttons
        ):
            return False
        await self._pick_time(card)
        return any(_is(button, "rc:") for button in card.buttons)

    async def _confirm(self, card: Message) -> None:
        await self._tap(card, "rc:")

    async def _release(self, card: Message) -> None:
        await self._tap(card, "rr:")

    async def _forget(self, card: Message) -> None:
        """Let the hold expire."""

    async def _move(self, card: Message) -> None:
        """Move the hold to another time, and let it expire there; if it has expired, hold again."""
        if await self._tap(card, "ro:") and await self._tap(card, "bd:", _DAYS):
            await self._pick_time(card)

    async def _pick_time(self, card: Message) -> None:
        """Tap a time, and count it as granted if no toast refuses it."""
        toasts = len(self.person.toasts)
        if await self._tap(card, "bt:", _TIMES):
            self.holds_granted += len(self.person.toasts) == toasts

    async def _tap(self, card: Message, kind: str, among: int = 1) -> bool:
        """Tap one of the first buttons of a kind, and wait for the answer.

        Return whether there was such a button.
        """
        buttons = [button for button in card.buttons if _is(button, kind)][:among]
        if not buttons:
            return False
        button = self._random.choice(buttons)
        edits, toasts = card.edited, len(self.person.toasts)
        update = self.person.taps_data(button.data or "", card.id, label=button.text)
        tap = self._simulator.world.taps[update["callback_query"]["id"]]
        await until(
            lambda: (
                tap.answers
                and (card.edited > edits or len(self.person.toasts) > toasts or self._is_late(tap))
            ),
            within=_REPLY_TIMEOUT,
        )
        return True

    def _is_late(self, tap: Tap) -> bool:
        """Return whether a tap is too old for Telegram to show an answer."""
        return self._simulator.world.now() - tap.at > ANSWERABLE

    def _calendar(self, asked: int) -> Message | None:
        """Return the first message after a ``/book`` from which a day can be chosen."""
        return next(
            (
                m
                for m in self.person.chat.messages
                if m.id > asked and any(_is(b, "bd:") for b in m.buttons)
            ),
            None,
        )


async def run_load(clients: list[LoadClient], keep_running: Callable[[], bool]) -> None:
    """Let all clients book until ``keep_running()`` is false and each has its last reply."""

    async def run(client: LoadClient, delay: float) -> None:
        await asyncio.sleep(delay)
        while keep_running():
            await client.book()

    async with asyncio.TaskGroup() as group:
        for number, client in enumerate(clients):
            group.create_task(run(client, number * _START_INTERVAL))


def reservations_shown(markup: Any) -> set[int]:
    """Return the ids of the reservations that a keyboard offers to confirm."""
    keyboard = json.loads(markup) if isinstance(markup, str) else markup or {}
    rows = keyboard.get("inline_keyboard", [])
    return {
        int(button["callback_data"][3:])
        for row in rows
        for button in row
        if button.get("callback_data", "").startswith("rc:")
    }


def _is(button: Button, kind: str) -> bool:
    """Return whether a button's data is of this kind."""
    return (button.data or "").startswith(kind)
