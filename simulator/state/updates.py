"""The queue of updates between Telegram and the bot: numbered, filtered, kept until confirmed."""

import asyncio
from dataclasses import dataclass, field
from itertools import takewhile
from operator import attrgetter
from typing import Any

from simulator.state.raw import RawUpdate

# Left out of the default set, as the Bot API documents.
_NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_TAP_QUEUES = 3 << 33


@dataclass(slots=True, eq=False)
class Pending:
    """An unconfirmed update and the queue that keeps its order."""

    update: dict[str, Any]
    queue: int
    id: int
    repeated: bool = False


@dataclass(slots=True)
class UpdateQueue:
    """Updates for one bot.

    `changed` wakes all current waiters; `arrived` stays set until its one reader clears it. What is
    in the `held` queues is not delivered.
    """

    next_id: int = 100_000_001
    pending: list[Pending] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    held: set[int] = field(default_factory=set)
    _known: dict[int, Pending] = field(default_factory=dict)

    def add(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """Queue a new update and return it.

        An update of a kind the bot does not allow is numbered but not queued.
        """
        update = {"update_id": self.next_id, kind: content}
        entry = Pending(update, _queue_of(kind, content), self.next_id)
        self.next_id += 1
        self._known[entry.id] = entry
        if self.allows(kind):
            self._append(entry)
        return update

    def add_raw(self, content: bytes) -> None:
        """Queue an update sent as these bytes, in order, whatever number the bytes contain."""
        self._append(Pending(RawUpdate(content), -self.next_id, self.next_id))
        self.next_id += 1

    def allows(self, kind: str) -> bool:
        """Return whether the bot receives updates of this kind."""
        return kind in self.allowed if self.allowed else kind not in _NOT_BY_DEFAULT

    def repeat(self, update_id: int) -> dict[str, Any]:
        """Queue a known update again under its old number; raise KeyError for an unknown one."""
        known = self._known[update_id]
        self._append(Pending(known.update, known.queue, known.id, repeated=True))
        return known.update

    def fetch(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """Return up to `limit` updates from an offset.

        A positive offset confirms all updates below it. A negative one keeps only that many of the
        last.
        """
        if offset < 0:
            self.pending = self.pending[offset:]
        else:
            # A repeated update has an old number and counts as confirmed only after it was
            # delivered.
            self.pending = [entry for entry in self.pending if entry.id >= offset or entry.repeated]
        in_order = sorted(self.pending, key=attrgetter("id"))
        handed = list(takewhile(lambda entry: entry.queue not in self.held, in_order))[:limit]
        for entry in handed:
            entry.repeated = False
        return [entry.update for entry in handed]

    def hold(self, person: int, *, taps: bool) -> None:
        """Deliver nothing more of a person's messages, or of their taps, until `release`.

        As polling keeps the order of all updates, the next of them then holds up all others.
        """
        self.held.add(_queue_of_person(person, taps=taps))

    @property
    def held_people(self) -> list[int]:
        """Return the people whose messages or taps are held."""
        return sorted({queue % _TAP_QUEUES for queue in self.held})

    def release(self, person: int, *, taps: bool) -> None:
        """Deliver what was held, in its order."""
        self.held.discard(_queue_of_person(person, taps=taps))
        self.wake()

    def take(self) -> list[dict[str, Any]]:
        """Return all pending updates and confirm them."""
        taken, self.pending = self.pending, []
        return [entry.update for entry in taken]

    def waits(self, update_id: int) -> bool:
        """Return whether the update is unconfirmed."""
        return any(entry.id == update_id for entry in self.pending)

    def done(self, entry: Pending) -> None:
        """Confirm one update out of order, as a webhook does; a confirmed one is not an error."""
        if entry in self.pending:
            self.pending.remove(entry)

    def wake(self) -> None:
        """Wake everyone who waits for a change."""
        self.arrived.set()
        self.changed.set()
        self.changed.clear()

    def _append(self, entry: Pending) -> None:
        self.pending.append(entry)
        self.wake()


def chat_of(update: dict[str, Any]) -> int:
    """Return the chat of an update; for a tap the person who tapped, 0 for a raw update."""
    if isinstance(update, RawUpdate):
        return 0
    content = next(value for name, value in update.items() if name != "update_id")
    return int((content.get("chat") or content["from"])["id"])


def _queue_of(kind: str, content: dict[str, Any]) -> int:
    """Return the queue that orders an update: taps by person, others by chat.

    Taps and messages can overtake each other.
    """
    if kind == "callback_query":
        return _queue_of_person(int(content["from"]["id"]), taps=True)
    return int(content["chat"]["id"])


def _queue_of_person(person: int, *, taps: bool) -> int:
    """Return the queue of a person's taps, or of their messages."""
    return person + _TAP_QUEUES if taps else person
