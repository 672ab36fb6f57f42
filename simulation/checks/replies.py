"""Checks each reply when it is committed, against the state of that same commit.

SQLite admits one writing transaction at a time. So what a screen shows must be true in the commit
that stores it, at the instant at which its update was processed.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from sqlite3 import Connection
from typing import Any

from bot.buttons.base import read
from bot.buttons.booking import ConfirmHold, PickSlot
from simulation.checks.books import Books, seconds

_REPLIES = """SELECT id, chat_id, recipient_id, payload FROM outbox
    WHERE kind = 'reply' ORDER BY id"""


@dataclass(slots=True)
class CommittedReply:
    """A reply: its number in the order of commits, its steps, and whether it waits or was sent."""

    number: int
    chat: int
    steps: Sequence[dict[str, Any]]
    waits: bool = True
    was_sent: bool = False


class Replies:
    """All replies, as they were committed."""

    def __init__(self, books: Books) -> None:
        self.by_chat: dict[int, list[CommittedReply]] = {}
        """All replies of each chat, in the order of their commits."""
        self.books = books
        self._waiting: dict[int, CommittedReply] = {}
        self._numbers = count()

    def follow(self, database: Connection, now: int, *, has_update: bool) -> Iterator[str]:
        """Read the replies of a commit at ``now``; yield what they show that is not true.

        A commit without an update that was processed for the first time has no reply.
        """
        waiting = self._waiting
        for reply in waiting.values():
            reply.waits = False
        self._waiting = {}
        for row, chat, recipient, payload in database.execute(_REPLIES):
            steps = json.loads(payload)["steps"]
            known = waiting.get(row)
            # SQLite uses the number of a deleted row again.
            if known is not None and known.chat == chat and _is_rest(steps, known.steps):
                self._waiting[row], known.waits = known, True
                continue
            if not has_update:
                yield f"a reply for {chat} was committed without a new update"
            reply = CommittedReply(next(self._numbers), chat, steps)
            self._waiting[row] = reply
            self.by_chat.setdefault(chat, []).append(reply)
            for step in steps:
                if screen := step.get("screen"):
                    yield from self._check_screen(database, recipient, screen, now)

    def _check_screen(
        self, database: Connection, recipient: int | None, screen: dict[str, Any], now: int
    ) -> Iterator[str]:
        """Check the holds and the free times that a screen shows."""
        choices = [
            read(button["data"]) for row in screen["rows"] for button in row if button["data"]
        ]
        labels = [
            button["label"]
            for row in screen["rows"]
            for button in row
            if isinstance(read(button["data"]), PickSlot)
        ]
        for choice in choices:
            if isinstance(choice, ConfirmHold):
                yield from _check_hold(database, recipient, choice.reservation, now)
        slots = [choice for choice in choices if isinstance(choice, PickSlot)]
        is_day = not any(letter.isalpha() for label in labels for letter in label)
        if recipient is not None and slots:
            yield from self._check_slots(database, recipient, slots, now, is_day=is_day)

    def _check_slots(
        self,
        database: Connection,
        client: int,
        slots: Sequence[PickSlot],
        now: int,
        *,
        is_day: bool,
    ) -> Iterator[str]:
        """Check that each slot offered is free, and that a day leaves none in between out."""
        by_provider: dict[tuple[int, int], list[int]] = {}
        for slot in slots:
            by_provider.setdefault((slot.provider, slot.moving or 0), []).append(slot.start)
        for (provider, moving), starts in by_provider.items():
            free = self.books.free(database, client, provider, now, moving)
            # Their own times are shown too, and lead to their cards.
            free |= {
                claim.start
                for claim in self.books.model.live()
                if (claim.client, claim.provider) == (client, provider)
            }
            for start in starts:
                if start not in free:
                    yield f"{client} is offered {start} with {provider} at {now}, which is not free"
            if is_day:
                yield from _left_out(client, provider, starts, free, now)


def _is_rest(steps: Sequence[object], of: Sequence[object]) -> bool:
    """Return whether steps are the last ones of others, because the first ones were sent."""
    return list(of[len(of) - len(steps) :]) == list(steps)


def _left_out(
    client: int, provider: int, starts: Sequence[int], free: set[int], now: int
) -> Iterator[str]:
    """Yield the free slots between those of one day that are not offered."""
    between = {start for start in free if min(starts) < start < max(starts)}
    if missing := between - {*starts}:
        yield f"{client} is not offered {sorted(missing)} with {provider} at {now}, which are free"


def _check_hold(
    database: Connection, recipient: int | None, number: int, now: int
) -> Iterator[str]:
    """Check that a hold that can be confirmed is the recipient's, and has not ended."""
    found = database.execute(
        "SELECT client_id, status, expires_at FROM reservation WHERE id = ?", (number,)
    ).fetchone()
    if found is None or found[0] != recipient:
        yield f"{recipient} is shown hold {number}, which is not theirs"
    elif found[1] != "held" or seconds(found[2]) <= seconds(now):
        yield f"{recipient} is shown hold {number} at {now}, which is {found[1]} until {found[2]}"
