"""Checks each call to Telegram: it sends what was committed, once, in order, to the right chat."""

from collections.abc import Iterable, Iterator, Sequence
from sqlite3 import Connection
from typing import Any

from bot.messages.screen import Screen
from domain.operations.outbox import MISSED
from simulation.checks.answer_times import AnswerTimes
from simulation.checks.deliveries import EVERY_PART, Deliveries
from simulation.checks.replies import CommittedReply, Replies
from simulation.people.actor import Actor
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage
from simulator.faults import FaultKind
from simulator.state.transcript import CallRecord

# Rendered, a message may be on its way through a pause, a slow disk and a late answer.
_LONGEST_SEND = 60 * MICROSECONDS
_SENDING = {"sendmessage", "sendphoto"}
_SHOWING = _SENDING | {"editmessagetext"}
_IN_FLIGHT = """SELECT id, kind, revision, subject_id FROM outbox
    WHERE chat_id = ? AND kind <> 'reply' AND state = 'due' AND lease_until IS NOT NULL"""
_LEASED_BY_DEAD = """SELECT id, kind FROM outbox WHERE state = 'due'
    AND lease_until IS NOT NULL AND leased_by NOT IN ({living}) ORDER BY id"""
_LAPSED = """SELECT id, kind, lease_until FROM outbox
    WHERE state = 'due' AND lease_until <= ?"""
_PARTIES = """SELECT DISTINCT client.name, staff.telegram_id FROM reservation
    JOIN person client ON client.id = client_id
    JOIN acts_for ON acts_for.provider_id = reservation.provider_id
    JOIN person staff ON staff.id = person_id"""


class Calls:
    """Follows the calls of the transcript."""

    def __init__(self, stage: Stage, replies: Replies, actors: Sequence[Actor]) -> None:
        self.deliveries = Deliveries()
        self.answer_times = AnswerTimes(stage)
        self.missed: set[int] = set()
        """The notifications that waited for someone who could not be reached."""
        self.late: set[tuple[int, int]] = set()
        """The messages whose newest edit reached Telegram late, perhaps after a newer one."""
        self._stage = stage
        self._actors = actors
        self._replies = replies
        self._seen = 0
        self._lapsed: set[tuple[int, str, int]] = set()
        self._newest: dict[int, int] = {}
        self._parties: set[tuple[str, int]] = set()
        self._joined: set[int] = set()
        self._notified: set[tuple[int, str]] = set()
        self._state: object = None

    def read_parties(self, database: Connection) -> None:
        """Remember which names each person may read, also those of the past."""
        self.missed |= {
            number
            for (number,) in database.execute("SELECT id FROM outbox WHERE state = 'withheld'")
        }
        rows = database.execute("SELECT count(*) FROM history").fetchone()[0]
        staff = database.execute("SELECT person_id, provider_id FROM acts_for").fetchall()
        admins = database.execute("SELECT count(admin_since) FROM person").fetchone()
        if (state := (rows, staff, admins)) != self._state:
            self._state = state
            self._parties |= {(name.split()[-1], chat) for name, chat in database.execute(_PARTIES)}
            self._joined |= {
                chat
                for (chat,) in database.execute(
                    "SELECT telegram_id FROM person WHERE admin_since IS NOT NULL"
                    " OR id IN (SELECT person_id FROM acts_for)"
                )
            }

    def excuse_killed(self, database: Connection) -> None:
        """Allow to repeat what a process was sending when it was killed."""
        living = ",".join(map(str, self._stage.replicas))
        self._excuse(database.execute(_LEASED_BY_DEAD.format(living=living)))

    def excuse_lapsed(self, database: Connection) -> None:
        """Allow to repeat what is being sent with a lease that the clock has overtaken.

        A clock that is set forward while an update is processed ends the lease of its reply.
        """
        lapsed = database.execute(_LAPSED, (self._stage.host_now,)).fetchall()
        self._excuse((number, kind) for number, kind, _ in {*lapsed} - self._lapsed)
        self._lapsed |= {*lapsed}

    def _excuse(self, rows: Iterable[tuple[int, str]]) -> None:
        """Allow to repeat these rows once."""
        for number, kind in rows:
            if kind != "reply":
                self.deliveries.excuse(("notification", number), EVERY_PART)
            elif reply := self._replies.waiting.get(number):
                for text in reply.texts:
                    self.deliveries.excuse(("reply", reply.chat), text)

    @property
    def has_more(self) -> bool:
        """Whether there were calls since the last look."""
        return self._seen < len(self._stage.simulator.transcript.calls)

    def follow(self) -> Iterator[str]:
        """Yield what is wrong with the newest calls."""
        calls = self._stage.simulator.transcript.calls
        while self._seen < len(calls):
            call = calls[self._seen]
            self._seen += 1
            yield from self.answer_times.follow(call)
            if call.method.lower() in _SHOWING and call.params.get("chat_id"):
                yield from self._check(call)
            elif call.method.lower() == "answercallbackquery":
                tap = self._stage.simulator.world.taps.get(call.params["callback_query_id"])
                if tap is not None:
                    yield from self._check_names(tap.account.id, call.params.get("text") or "")

    def _check(self, call: CallRecord) -> Iterator[str]:
        """Check one message."""
        chat = int(call.params["chat_id"])
        text = call.params.get("text") or call.params.get("caption") or ""
        self._note_lateness(chat, call)
        found = self._committed(chat, text)
        in_flight = self._stage.rows(_IN_FLIGHT, (chat,))
        if found is None or (in_flight and not found.waits):
            yield from self._check_notification(chat, text, call, in_flight)
        else:
            yield from self._check_reply(found, text, call, alone=not in_flight)
        yield from self._check_names(chat, f"{text} {call.params.get('reply_markup')}")

    def _check_reply(
        self, reply: CommittedReply, text: str, call: CallRecord, *, alone: bool
    ) -> Iterator[str]:
        """Check that a reply is sent once and in order."""
        # A card may be edited with the same text for a notification.
        if reply.waits and call.fault is None and alone:
            yield from self._check_order(reply, text)
        # A late call may arrive after its retry was recorded.
        is_late = call.fault == FaultKind.SLOW_BEFORE and not reply.waits
        if call.method.lower() in _SENDING and call.ok and not is_late:
            # Which of several replies with the same text this is cannot be told.
            plain = Screen(text).plain
            times = len(self._replies.by_text[reply.chat, plain])
            yield from self.deliveries.add(("reply", reply.chat), plain, call, times=times)

    def _committed(self, chat: int, text: str) -> CommittedReply | None:
        """Return the oldest reply with this text that waits, or the last one that did."""
        same = self._replies.by_text.get((chat, Screen(text).plain), [])
        return next((reply for reply in same if reply.waits), same[-1] if same else None)

    def _note_lateness(self, chat: int, call: CallRecord) -> None:
        """Note an edit that reached Telegram late, until the next one."""
        shown = (chat, int(call.params.get("message_id") or 0))
        if call.ok:
            is_late = call.fault == FaultKind.SLOW_BEFORE
            (self.late.add if is_late else self.late.discard)(shown)

    def _check_order(self, reply: CommittedReply, text: str) -> Iterator[str]:
        """Check that no newer reply of this chat was sent before."""
        if not reply.was_sent and reply.number < self._newest.get(reply.chat, 0):
            yield f"{reply.chat} is sent {text[:40]!r} after a newer reply"
        reply.was_sent = True
        self._newest[reply.chat] = max(self._newest.get(reply.chat, 0), reply.number)

    def _check_notification(
        self, chat: int, text: str, call: CallRecord, rows: Sequence[Any]
    ) -> Iterator[str]:
        """Check that a message which is no reply is a notification that is being delivered."""
        is_known = (chat, text) in self._notified
        # A late call may arrive after its retry was recorded.
        if not rows and not is_known and call.fault is None:
            yield f"{chat} is sent {text[:60]!r}, which was not committed"
        is_late = (
            is_known
            and call.fault == FaultKind.SLOW_BEFORE
            and all(self.deliveries.was_sent(("notification", row[0])) for row in rows)
        )
        self._notified.add((chat, text))
        if call.method.lower() in _SENDING and call.ok and not is_late:
            for number, kind, revision, subject in rows:
                if revision and self._replies.replay.outdated(
                    subject, revision, self._longest_ago()
                ):
                    yield f"{chat} is sent a {kind} of {subject}, which no longer holds"
                part = text if kind == MISSED else ""
                yield from self.deliveries.add(("notification", number), part, call)

    def _longest_ago(self) -> int:
        """Return the earliest instant at which a notification may have been rendered."""
        return self._stage.kernel.now - _LONGEST_SEND

    def _check_names(self, chat: int, text: str) -> Iterator[str]:
        """Check that a client's name is shown only to them and to those they booked with."""
        for actor in self._actors:
            name = actor.person.name.split()[-1]
            is_known = (
                actor.person.id == chat
                or (name, chat) in self._parties
                or actor.person.id in self._joined
            )
            if name in text and not is_known and actor.role == "client":
                yield f"{chat} is shown the name {name}: {text[:60]!r}"
