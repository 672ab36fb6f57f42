"""What must hold when everything is at rest."""

from collections.abc import Collection, Iterator
from http import HTTPStatus

from domain.operations.outbox import CARD, MISSED, TOLD_TO_WAIT
from simulation.checks.calls import Calls
from simulation.checks.history_replay import HistoryReplay
from simulation.checks.reference_model import CELL, GRID
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage
from simulator.faults import FaultKind
from simulator.state.raw import RawUpdate

_SENDING = 20 * MICROSECONDS
# How long the answer to a tap may have waited when its reader turned out to be unreachable.
_LONGEST_WAIT = 300.0
_DUE = """SELECT id, kind, chat_id, error FROM outbox WHERE state = 'due' AND due_at <= ?"""
_UNSENT = """SELECT id, kind, chat_id, error FROM outbox
    WHERE state = 'due' AND kind <> 'hold_warning'"""
_STUCK = """SELECT id, kind, state, error FROM outbox
    WHERE state NOT IN ('sent', 'skipped', 'withheld', 'due')"""
_NOTIFICATIONS = """SELECT outbox.id, kind, state, unreachable_since IS NOT NULL FROM outbox
    LEFT JOIN person ON person.id = recipient_id WHERE kind <> 'reply'"""
# What a message of all that was missed has listed, apart from cards, which it edits.
_LISTED = """SELECT 1 FROM outbox missed
    JOIN outbox listed USING (recipient_id, settled_at)
    WHERE missed.id = ? AND listed.state = 'sent' AND listed.kind NOT IN ('missed', 'card')"""
_OWED = "SELECT recipient_id FROM outbox WHERE subject_id = ? AND revision = ? AND kind = ?"


_OFF_GRID = """SELECT provider_id FROM availability
    WHERE start_cell * ? % ? OR end_cell * ? % ?"""


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


def at_rest(stage: Stage, replay: HistoryReplay, calls: Calls) -> Iterator[str]:
    """Yield what is lost, wrong or repeated, after all holds have ended."""
    # Telegram may ask to wait for an hour. So after a restart, a wait by a clock that was an hour
    # ahead cannot be distinguished from that, and the message comes an hour late.
    rate_limited = set[int]()
    for number, kind, chat, error in stage.rows(_UNSENT):
        if error == TOLD_TO_WAIT:
            rate_limited.add(chat)
        else:
            yield f"{kind} {number} was never sent"
    for number, kind, state, error in stage.rows(_STUCK):
        yield f"{kind} {number} is {state}: {error}"
    for (number,) in stage.rows(_OFF_GRID, (CELL, GRID, CELL, GRID)):
        yield f"hours of {number} begin or end between quarter-hours"
    yield from _notifications(stage, calls)
    yield from _owed(stage, replay)
    yield from _taps(stage, rate_limited)
    for loop in stage.kernel.loops:
        for error in loop.errors:
            yield f"{error.get('message')}: {error.get('exception')!r}"


def _taps(stage: Stage, rate_limited: Collection[int]) -> Iterator[str]:
    """Check that each tap was answered, unless its person could not be reached soon afterwards."""
    refused_at: dict[int, list[float]] = {}
    for call in stage.simulator.transcript.calls:
        if (
            call.status == HTTPStatus.FORBIDDEN
            and call.fault != FaultKind.FORBIDDING_GATEWAY
            and call.params.get("chat_id")
        ):
            refused_at.setdefault(int(call.params["chat_id"]), []).append(call.at.timestamp())
    for tap in stage.simulator.world.taps.values():
        account = tap.account.id
        may_wait = account in rate_limited or any(
            tap.at <= refused <= tap.at + _LONGEST_WAIT for refused in refused_at.get(account, ())
        )
        if not tap.answers and not may_wait:
            yield f"the tap on {tap.label!r} by {tap.account.name} was not answered"


def _notifications(stage: Stage, calls: Calls) -> Iterator[str]:
    """Check that each notification was sent, if the outbox says so."""
    for number, kind, state, away in stage.rows(_NOTIFICATIONS):
        row = ("notification", number)
        was_sent = calls.deliveries.was_sent(row)
        silent = kind == CARD or (kind == MISSED and not stage.rows(_LISTED, (number,)))
        if state == "sent" and not was_sent and number not in calls.missed and not silent:
            yield f"{kind} {number} is recorded as sent, and was not"
        if state == "skipped" and was_sent and not calls.deliveries.is_excused(row):
            yield f"{kind} {number} was sent, and recorded as skipped"
        if state == "withheld" and not away:
            yield f"{kind} {number} is withheld from someone who can be reached"


def _owed(stage: Stage, replay: HistoryReplay) -> Iterator[str]:
    """Check that each notification which the rules owe is in the outbox."""
    for number, revision, kind in replay.model.owed:
        known = {person for (person,) in stage.rows(_OWED, (number, revision, kind))}
        for person in replay.recipients[number, revision, kind] - known:
            yield f"{kind} of reservation {number}, revision {revision}, is owed to {person}"
