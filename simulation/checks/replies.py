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
from bot.buttons.booking import ConfirmHold, OtherTime, PickSlot, ReleaseHold, ShowCard
from bot.buttons.bookings import AskCancel, CancelBooking, ShowBooking
from bot.messages.screen import Screen
from simulation.checks.cards import check_committed
from simulation.checks.history_replay import HistoryReplay, seconds

_REPLIES = """SELECT id, chat_id, recipient_id, payload FROM outbox
    WHERE kind = 'reply' ORDER BY id"""
_STATE = "SELECT status, expires_at FROM reservation WHERE id = ?"
_CLIENT = "SELECT client_id FROM reservation WHERE id = ?"
_STAFF = """SELECT person_id FROM acts_for
    JOIN reservation ON reservation.provider_id = acts_for.provider_id WHERE reservation.id = ?"""
_OF_CLIENTS = (
    ConfirmHold, ReleaseHold, OtherTime, ShowCard, ShowBooking, AskCancel, CancelBooking,
)  # fmt: skip


@dataclass(slots=True)
class CommittedReply:
    """A reply: its number in the order of commits, its steps, and whether it waits or was sent."""

    number: int
    chat: int
    steps: Sequence[dict[str, Any]]
    waits: bool = True
    was_sent: bool = False

    @property
    def texts(self) -> Sequence[str]:
        """The plain texts that it shows."""
        shown = [step["screen"]["text"] for step in self.steps if "screen" in step]
        captions = [step["caption"] for step in self.steps if "caption" in step]
        return [Screen(text).plain for text in (*shown, *captions)]


class Replies:
    """All replies, as they were committed."""

    def __init__(self, replay: HistoryReplay) -> None:
        self.by_text: dict[tuple[int, str], list[CommittedReply]] = {}
        """The replies that show a text in a chat, in the order of their commits.

        One that shows it twice is there twice.
        """
        self.replay = replay
        self.waiting: dict[int, CommittedReply] = {}
        """The replies that are still to be sent, by their number in the outbox."""
        self._new: list[CommittedReply] = []
        self._numbers = count()

    def follow(
        self,
        database: Connection,
        now: int,
        *,
        has_update: bool,
    ) -> Iterator[str]:
        """Read the replies of a commit at ``now``; yield what they show that is not true.

        A commit without an update that was processed for the first time has no reply.
        """
        before, self._new = self.waiting, []
        for reply in before.values():
            reply.waits = False
        self.waiting = {}
        for row, chat, recipient, payload in database.execute(_REPLIES):
            steps = json.loads(payload)["steps"]
            known = before.get(row)
            # SQLite uses the number of a deleted row again.
            if known is not None and known.chat == chat and _is_rest(steps, known.steps):
                self.waiting[row], known.waits = known, True
                continue
            if not has_update:
                yield f"a reply for {chat} was committed without a new update"
            self.waiting[row] = self._add(chat, steps)
            for screen in filter(None, (step.get("screen") for step in steps)):
                yield from self._check_screen(database, recipient, screen, now)
                yield from _check_moving(database, recipient, screen)

    def _add(self, chat: int, steps: Sequence[dict[str, Any]]) -> CommittedReply:
        """Keep a new reply, also by its texts."""
        reply = CommittedReply(next(self._numbers), chat, steps)
        self._new.append(reply)
        for text in reply.texts:
            self.by_text.setdefault((chat, text), []).append(reply)
        return reply

    def check_screens(
        self, database: Connection, now: int
    ) -> Iterator[tuple[tuple[int, int | None], Sequence[str]]]:
        """Yield each message that the newest replies draw, and what is wrong with it as a card.

        A message is its chat and its number, which a new one does not have yet.
        """
        for reply in self._new:
            for step in reply.steps:
                if "screen" in step:
                    wrong = [*check_committed(database, reply.chat, step, now)]
                    yield (reply.chat, step.get("message_id")), wrong

    def _check_screen(
        self, database: Connection, recipient: int | None, screen: dict[str, Any], now: int
    ) -> Iterator[str]:
        """Check the holds and the free times that a screen shows."""
        buttons = [button for row in screen["rows"] for button in row if button["data"]]
        choices = [(read(button["data"]), button["label"]) for button in buttons]
        if recipient is None:
            return
        for choice, _ in choices:
            yield from _check_owner(database, recipient, choice)
            if isinstance(choice, ConfirmHold):
                yield from _check_hold(database, recipient, choice.reservation, now)
            if isinstance(choice, AskCancel | CancelBooking):
                yield from _check_booking(database, recipient, choice.reservation, now)
        slots = [(choice, label) for choice, label in choices if isinstance(choice, PickSlot)]
        is_day = not any(letter.isalpha() for _, label in slots for letter in label)
        if slots:
            picked = [slot for slot, _ in slots]
            yield from self._check_slots(database, recipient, picked, now, is_day=is_day)

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
            free = self._shown_free(database, client, provider, now, moving)
            for start in starts:
                if start not in free:
                    yield f"{client} is offered {start} with {provider} at {now}, which is not free"
            if is_day:
                yield from _left_out(client, provider, starts, free, now)

    def _shown_free(
        self, database: Connection, client: int, provider: int, now: int, moving: int
    ) -> set[int]:
        """Return the free cells, and those of the client's own: they lead to their cards."""
        moved = self.replay.model.claims.get(moving)
        if moved is None or moved.client != client:
            moving = 0
        own = {
            claim.start
            for claim in self.replay.model.live()
            if (claim.client, claim.provider) == (client, provider)
        }
        return self.replay.free(database, client, provider, now, moving) | own


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


def _check_hold(database: Connection, recipient: int, number: int, now: int) -> Iterator[str]:
    """Check that a hold that can be confirmed has not ended."""
    status, expires_at = database.execute(_STATE, (number,)).fetchone() or (None, None)
    if status != "held" or seconds(int(expires_at or 0)) <= seconds(now):
        yield f"{recipient} is shown hold {number} at {now}, which is {status} until {expires_at}"


def _check_booking(database: Connection, recipient: int, number: int, now: int) -> Iterator[str]:
    """Check that a booking that can be cancelled is one."""
    status, _ = database.execute(_STATE, (number,)).fetchone() or (None, None)
    if status != "confirmed":
        yield f"{recipient} is shown booking {number} at {now}, which is {status}"


def _check_owner(database: Connection, recipient: int, choice: object) -> Iterator[str]:
    """Check that a button is about a reservation of its reader, as client or as staff."""
    number = None if isinstance(choice, ShowCard) else getattr(choice, "reservation", None)
    sql = _CLIENT if isinstance(choice, _OF_CLIENTS) else _STAFF
    if number is not None and (recipient,) not in database.execute(sql, (number,)).fetchall():
        yield f"{recipient} is shown {choice}, which is not theirs"


def _check_moving(
    database: Connection, recipient: int | None, screen: dict[str, Any]
) -> Iterator[str]:
    """Check that buttons that move a hold, or lead back to its card, are about their reader's."""
    choices = [read(button["data"]) for row in screen["rows"] for button in row]
    moving = [getattr(choice, "moving", None) for choice in choices]
    moving += [choice.reservation for choice in choices if isinstance(choice, ShowCard)]
    for number in sorted({number for number in moving if number is not None}):
        if (recipient,) not in database.execute(_CLIENT, (number,)).fetchall():
            yield f"{recipient} can move {number}, which is not theirs"
