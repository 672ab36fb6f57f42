"""What must hold when everything is at rest."""

from collections.abc import Collection, Iterator, Sequence
from http import HTTPStatus

from bot.buttons.base import read
from bot.buttons.booking import ConfirmHold
from domain.operations.outbox import TOLD_TO_WAIT
from simulation.checks.books import Books
from simulation.checks.calls import Calls
from simulation.people.actor import Actor
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage
from simulator.faults import FaultKind
from simulator.state.raw import RawUpdate

_SENDING = 20 * MICROSECONDS
_DUE = """SELECT id, kind, chat_id, error FROM outbox WHERE state = 'due' AND due_at <= ?"""
_UNSENT = """SELECT id, kind, chat_id, error FROM outbox
    WHERE state = 'due' AND kind <> 'hold_warning'"""
_STUCK = """SELECT id, kind, state, error FROM outbox
    WHERE state NOT IN ('sent', 'skipped', 'withheld', 'due')"""
_NOTIFICATIONS = """SELECT outbox.id, kind, state, unreachable_since IS NOT NULL FROM outbox
    LEFT JOIN person ON person.id = recipient_id WHERE kind <> 'reply'"""
_OWED = "SELECT 1 FROM outbox WHERE subject_id = ? AND revision = ? AND kind = ?"
_RESERVATIONS = """SELECT reservation.id, status FROM reservation
    JOIN person ON person.id = client_id WHERE telegram_id = ?"""
# After these, the bot cannot know whether the message arrived.
_UNCERTAIN = {
    FaultKind.SILENCE_AFTER,
    FaultKind.CUT_AFTER,
    FaultKind.BROKEN_JSON,
    FaultKind.SLOW,
    FaultKind.SLOW_BEFORE,
}


def undrained(stage: Stage, processed: Collection[int]) -> Iterator[str]:
    """Yield what still waits, after people and trouble have ended."""
    # What has just fallen due is still on its way.
    due = stage.host_now - _SENDING
    for number, kind, chat, error in stage.rows(_DUE, (due,)):
        yield f"{kind} {number} for {chat} still waits: {error}"
    for entry in stage.simulator.world.updates.pending:
        yield f"update {entry.id} still waits"
    for update in stage.simulator.transcript.updates:
        if not isinstance(update, RawUpdate) and update["update_id"] not in processed:
            yield f"update {update['update_id']} was acknowledged, and not processed"
    for number, error in stage.rows("SELECT update_id, error FROM failed_update WHERE set_aside"):
        if number not in stage.odd_updates:
            yield f"the bot gave up update {number}: {error}"


def at_rest(stage: Stage, actors: Sequence[Actor], books: Books, calls: Calls) -> Iterator[str]:
    """Yield what is lost, wrong or repeated, after all holds have ended."""
    # Telegram may ask to wait for an hour. So after a restart, a wait by a clock that was an hour
    # ahead cannot be told from that, and the message comes an hour late.
    told_to_wait = set[int]()
    for number, kind, chat, error in stage.rows(_UNSENT):
        if error == TOLD_TO_WAIT:
            told_to_wait.add(chat)
        else:
            yield f"{kind} {number} was never sent"
    for number, kind, state, error in stage.rows(_STUCK):
        yield f"{kind} {number} is {state}: {error}"
    yield from _notifications(stage, calls)
    yield from _owed(stage, books)
    for actor in actors:
        yield from _shown(stage, actor, calls)
    yield from _taps(stage, told_to_wait)
    for loop in stage.kernel.loops:
        for error in loop.errors:
            yield f"{error.get('message')}: {error.get('exception')!r}"


def _taps(stage: Stage, told_to_wait: Collection[int]) -> Iterator[str]:
    """Check that each tap was answered, unless its person could not be reached afterwards."""
    blocked_until: dict[int, float] = {}
    for call in stage.simulator.transcript.calls:
        if (
            call.status == HTTPStatus.FORBIDDEN
            and call.fault != FaultKind.FORBIDDING_GATEWAY
            and call.params.get("chat_id")
        ):
            blocked_until[int(call.params["chat_id"])] = call.at.timestamp()
    for tap in stage.simulator.world.taps.values():
        account = tap.account.id
        may_wait = account in told_to_wait or tap.at <= blocked_until.get(account, 0)
        if not tap.answers and not may_wait:
            yield f"the tap on {tap.label!r} by {tap.account.name} was not answered"


def _notifications(stage: Stage, calls: Calls) -> Iterator[str]:
    """Check that each notification was sent once, as the outbox says."""
    excused = (
        stage.lives
        - 1
        + sum(
            call.fault in _UNCERTAIN and call.method.lower() == "sendmessage"
            for call in stage.simulator.transcript.calls
        )
    )
    repeats = 0
    for number, kind, state, away in stage.rows(_NOTIFICATIONS):
        told = calls.told.get(number, 0)
        if state == "sent" and not told and number not in calls.missed:
            yield f"{kind} {number} is recorded as sent, and was not"
        if state == "skipped" and told and not excused:
            yield f"{kind} {number} was sent, and recorded as skipped"
        if state == "withheld" and not away:
            yield f"{kind} {number} is withheld from someone who can be reached"
        repeats += max(0, told - 1)
    if repeats > excused:
        yield f"{repeats} notifications were repeated, {excused} at most may be"


def _owed(stage: Stage, books: Books) -> Iterator[str]:
    """Check that each notification which the rules owe is in the outbox."""
    for number, revision, kind in books.model.owed:
        if not stage.rows(_OWED, (number, revision, kind)):
            yield f"{kind} of reservation {number}, revision {revision}, is owed and missing"


def _shown(stage: Stage, actor: Actor, calls: Calls) -> Iterator[str]:
    """Compare a person's cards with their reservations."""
    statuses = dict(stage.rows(_RESERVATIONS, (actor.person.id,)))
    cards = dict(
        stage.rows(
            "SELECT message_id, reservation_id FROM card WHERE chat_id = ?", (actor.person.id,)
        )
    )
    away = stage.rows(
        "SELECT 1 FROM person WHERE telegram_id = ? AND unreachable_since IS NOT NULL",
        (actor.person.id,),
    )
    if away:
        return
    for message in actor.messages:
        number = cards.get(message.id)
        if number is None or (actor.person.id, message.id) in calls.late:
            continue
        holds = {
            choice.reservation
            for choice in (read(button.data) for button in message.buttons)
            if isinstance(choice, ConfirmHold)
        }
        if holds and statuses.get(number) != "held":
            yield f"{actor.person.name} can confirm {number}, which is {statuses.get(number)}"
        booked = message.text.startswith("✅")
        if booked and statuses.get(number) not in {"confirmed", "completed"}:
            yield f"{actor.person.name} reads that {number} is booked: {statuses.get(number)}"
