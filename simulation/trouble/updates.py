"""Updates that arrive twice, late, in another order, or as nobody would send them."""

import asyncio
import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from simulation.trouble.kind import Kind
from simulator.state.raw import RawUpdate

_MEAN_SECONDS_BETWEEN_REPEATS = 90.0
_MEAN_UPDATES_BACK, _ANY_UPDATE = 8.0, 0.1
# Telegram delivers an update again for at most a day.
_LONGEST_REPEAT = timedelta(hours=23)
_MEAN_SECONDS_BETWEEN_DELAYS = 120.0
_MEAN_SECONDS_LATE, _DAY_LATE = 20.0, 0.05
_DAY, _LONGEST_WAIT_OF_ALL = 24 * 3600.0, 20.0
_MEAN_SECONDS_BETWEEN_ODD_UPDATES = 100.0
_FIRST_STRANGER = 5_000_000
_ODD_VALUES: tuple[Any, ...] = (
    None, "", "x" * 5_000, "\u202e", 0, -1, 2**63, 1.5, True, [], {}, [[[]]], {"id": 1},
)  # fmt: skip


class Updates(Kind):
    """Repeats updates, holds back those of one person, and sends odd ones of strangers."""

    def begin(self) -> None:
        """Begin."""
        super().begin()
        self.repeat(_MEAN_SECONDS_BETWEEN_REPEATS, self._redeliver)
        self.repeat(_MEAN_SECONDS_BETWEEN_DELAYS, self._delay)
        self.repeat(_MEAN_SECONDS_BETWEEN_ODD_UPDATES, self._send_odd)

    def end(self) -> None:
        """Deliver what was held back."""
        super().end()
        for person in self._people():
            for taps in (False, True):
                self.stage.simulator.world.updates.release(person, taps=taps)

    def _people(self) -> list[int]:
        """Return the ids of all people."""
        return sorted(self.stage.simulator.world.accounts)

    def _delivered(self) -> list[dict[str, Any]]:
        """Return the updates of people that were delivered, and may be delivered again."""
        deliveries = self.stage.simulator.transcript.deliveries
        since = self.stage.kernel.clock() - _LONGEST_REPEAT
        return [
            each.update
            for each in deliveries
            if each.at > since and not isinstance(each.update, RawUpdate)
        ]

    async def _redeliver(self) -> None:
        """Deliver an update again: one of the last ones, or any."""
        if delivered := self._delivered():
            self.faults += 1
            back = int(self.random.exponential(_MEAN_UPDATES_BACK))
            number = max(0, len(delivered) - 1 - back)
            if self.random.chance(_ANY_UPDATE):
                number = self.random.below(len(delivered))
            self.stage.simulator.redeliver(delivered[number]["update_id"])

    async def _delay(self) -> None:
        """Hold back the messages or the taps of a person.

        With the webhook, others overtake them. Polling keeps the order of all, so that everybody
        waits for them.
        """
        self.faults += 1
        person, taps = self.random.choose(self._people()), self.random.chance(0.5)
        seconds = min(self.random.exponential(_MEAN_SECONDS_LATE), _LONGEST_WAIT_OF_ALL)
        if self.stage.uses_webhook:
            seconds = self.random.exponential(_MEAN_SECONDS_LATE)
            if self.random.chance(_DAY_LATE):
                seconds = _DAY
        updates = self.stage.simulator.world.updates
        updates.hold(person, taps=taps)
        self.stage.people_loop.call_later(seconds, lambda: updates.release(person, taps=taps))

    async def _send_odd(self) -> None:
        """Send what a stranger might have done, with one wrong value."""
        if not (delivered := self._delivered()):
            return
        self.faults += 1
        number = self.stage.simulator.world.updates.next_id
        update = copy.deepcopy(self.random.choose(delivered))
        _replace_person(update, _FIRST_STRANGER + number)
        places = list(_places(update))
        holder, key = self.random.choose(places)
        holder[key] = self.random.choose(_ODD_VALUES)
        update["update_id"] = number
        self.stage.odd_updates.add(number)
        self.stage.simulator.world.updates.add_raw(json.dumps(update).encode())
        await asyncio.sleep(0)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place in nested objects and lists that holds a value."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _replace_person(value: Any, stranger: int) -> None:
    """Let a stranger be the sender, in their own chat."""
    for holder, key in list(_places(value)):
        if key in {"from", "chat"} and isinstance(holder[key], dict):
            holder[key]["id"] = stranger
