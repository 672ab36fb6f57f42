"""Checks each call to Telegram: said only what was committed, to those it concerns, in order."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from sqlite3 import Connection

from bot.messages.screen import Screen
from simulation.checks.replies import CommittedReply, Replies
from simulation.people.actor import Actor
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage
from simulator.state.transcript import CallRecord

# Rendered, a message may be on its way through a pause, a slow disk and a late answer.
_LONGEST_SEND = 60 * MICROSECONDS
_SHOWING = {"sendmessage", "editmessagetext", "sendphoto"}
_IN_FLIGHT = """SELECT id, kind, revision, subject_id FROM outbox
    WHERE chat_id = ? AND kind <> 'reply' AND state = 'due' AND lease_until IS NOT NULL"""
_PARTIES = """SELECT DISTINCT client.name, staff.telegram_id FROM reservation
    JOIN person client ON client.id = client_id
    JOIN acts_for ON acts_for.provider_id = reservation.provider_id
    JOIN person staff ON staff.id = person_id"""


class Calls:
    """Follows the calls of the transcript."""

    def __init__(self, stage: Stage, replies: Replies, actors: Sequence[Actor]) -> None:
        self.told: dict[int, int] = {}
        """How often each notification was sent, by its number in the outbox."""
        self.missed: set[int] = set()
        """The notifications that waited for someone who could not be reached."""
        self.late: set[tuple[int, int]] = set()
        """The messages whose last reply came late, or never because its reader had blocked the bot.

        A tap repairs them.
        """
        self._stage = stage
        self._actors = actors
        self._replies = replies
        self._seen = 0
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

    def follow(self) -> Iterator[str]:
        """Yield what is wrong with the newest calls."""
        calls = self._stage.simulator.transcript.calls
        while self._seen < len(calls):
            call = calls[self._seen]
            self._seen += 1
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
        found = self._committed(chat, text)
        if found is None:
            yield from self._check_notification(chat, text, call)
        else:
            self._note_lateness(found, call)
            # A card may be edited with the same text for a notification.
            if found.waits and call.fault is None and not self._stage.rows(_IN_FLIGHT, (chat,)):
                yield from self._check_order(found, text)
        yield from self._check_names(chat, f"{text} {call.params.get('reply_markup')}")

    def _committed(self, chat: int, text: str) -> CommittedReply | None:
        """Return the oldest reply with this text that waits, or the last one that did."""
        plain = Screen(text).plain
        same = [
            reply
            for reply in self._replies.by_chat.get(chat, ())
            if any(Screen(shown).plain == plain for shown in _texts(reply))
        ]
        return next((reply for reply in same if reply.waits), same[-1] if same else None)

    def _note_lateness(self, reply: CommittedReply, call: CallRecord) -> None:
        """Note the message if a newer update was processed before, or if its reader has left."""
        shown = message_of(call)
        is_newest = reply is self._replies.by_chat[reply.chat][-1]
        is_late = not is_newest or call.status == HTTPStatus.FORBIDDEN
        (self.late.add if is_late else self.late.discard)((reply.chat, shown))

    def _check_order(self, reply: CommittedReply, text: str) -> Iterator[str]:
        """Check that no newer reply of this chat was sent before."""
        if not reply.was_sent and reply.number < self._newest.get(reply.chat, 0):
            yield f"{reply.chat} is sent {text[:40]!r} after a newer reply"
        reply.was_sent = True
        self._newest[reply.chat] = max(self._newest.get(reply.chat, 0), reply.number)

    def _check_notification(self, chat: int, text: str, call: CallRecord) -> Iterator[str]:
        """Check that a message which is no reply is a notification that is being delivered."""
        rows = self._stage.rows(_IN_FLIGHT, (chat,))
        # A late call may arrive after its retry was recorded.
        if not rows and (chat, text) not in self._notified and call.fault is None:
            yield f"{chat} is sent {text[:60]!r}, which was not committed"
        self._notified.add((chat, text))
        if call.method.lower() == "sendmessage" and call.ok:
            for number, kind, revision, subject in rows:
                if revision and self._replies.books.outdated(
                    subject, revision, self._longest_ago()
                ):
                    yield f"{chat} is sent a {kind} of {subject}, which no longer holds"
                self.told[number] = self.told.get(number, 0) + 1

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


def message_of(call: CallRecord) -> int:
    """Return the number of the message that a call showed; 0 if it showed none."""
    result = call.answer.get("result") if isinstance(call.answer, dict) else None
    number = result.get("message_id") if isinstance(result, dict) else None
    return int(number or call.params.get("message_id") or 0)


def _texts(reply: CommittedReply) -> Iterator[str]:
    """Yield the texts that a reply shows."""
    for step in reply.steps:
        if "screen" in step:
            yield step["screen"]["text"]
        elif "caption" in step:
            yield step["caption"]
