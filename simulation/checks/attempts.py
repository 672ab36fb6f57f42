"""Checks that what people tap takes effect, as the reference model says.

Each update is processed in one transaction, between its tap and its answer. If the result of each
equals that of the model at this point, then the history of all is linearizable.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from bot.buttons.agenda import CancelForClient
from bot.buttons.base import CallbackData, read
from bot.buttons.booking import ConfirmHold, PickSlot, ReleaseHold
from bot.buttons.bookings import CancelBooking
from simulation.checks.history_replay import HistoryReplay, seconds
from simulation.checks.reference_model import Claim, Model, Refused, refuse

_REACHABLE = """SELECT 1 FROM acts_for JOIN person ON person.id = person_id
    WHERE provider_id = ? AND notified AND telegram_id IS NOT NULL AND unreachable_since IS NULL"""
_STAFF = """SELECT 1 FROM acts_for JOIN reservation USING (provider_id)
    WHERE person_id = ? AND reservation.id = ?"""
_PERSON = "SELECT id FROM person WHERE telegram_id = ?"
_NEW_CLAIM = -1
_ATTEMPTS = (PickSlot, ConfirmHold, ReleaseHold, CancelBooking, CancelForClient)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A tap that was processed: whose it was, what they chose, and the model before it."""

    person: int
    choice: CallbackData
    before: Model
    is_staff: bool
    """Whether the person acts for the provider of the chosen reservation."""


class Attempts:
    """Compares taps with the model, before and after their commit."""

    def __init__(self, replay: HistoryReplay) -> None:
        self._replay = replay

    def begin(
        self, database: Connection, updates: Sequence[dict[str, Any]], now: int
    ) -> Sequence[Attempt]:
        """Return the attempts among the updates of a commit, before the model follows it."""
        found = []
        for update in updates:
            tap: Any = update.get("callback_query")
            choice = read(tap["data"]) if tap is not None else None
            if isinstance(choice, _ATTEMPTS):
                (person,) = database.execute(_PERSON, (tap["from"]["id"],)).fetchone()
                self._replay.read_providers(database)
                before = copy.deepcopy(self._replay.model)
                before.now = seconds(now)
                found.append(Attempt(person, choice, before, _is_staff(database, person, choice)))
        return found

    def end(self, database: Connection, attempts: Sequence[Attempt]) -> Iterator[str]:
        """Yield the attempts that the rules allow, and that had no effect."""
        for attempt in attempts:
            try:
                number = _attempted(attempt)
            except Refused:
                continue
            expected = attempt.before.claims[number]
            if not _is_reachable(database, expected.provider):
                continue
            if not self._has(expected):
                yield f"{attempt.person} tapped {attempt.choice}, which had no effect"

    def _has(self, expected: Claim) -> bool:
        """Return whether the model has a claim as expected; a new one may have any number."""
        known = self._replay.model.claims
        among = known.values() if expected.number == _NEW_CLAIM else [known[expected.number]]
        wanted = (expected.client, expected.provider, expected.start, expected.status)
        return any(
            (claim.client, claim.provider, claim.start, claim.status) == wanted for claim in among
        )


def _attempted(attempt: Attempt) -> int:
    """Let the model do what was tapped, and return the number of its claim; raise Refused."""
    model, person = attempt.before, attempt.person
    match attempt.choice:
        case PickSlot(provider=provider, start=start, moving=moving):
            return model.hold(person, provider, start, moving or 0, _NEW_CLAIM).number
        case ConfirmHold(reservation=number):
            return model.confirm(number, person).number
        case ReleaseHold(reservation=number):
            # The button of a hold does not cancel a booking.
            claim = model.claims.get(number)
            refuse("already_confirmed", when=claim is not None and claim.status == "confirmed")
            return model.cancel_by_client(number, person).number
        case CancelBooking(reservation=number):
            return model.cancel_by_client(number, person).number
        case CancelForClient(reservation=number) if attempt.is_staff:
            owner = model.owners[model.claims[number].provider]
            return model.cancel_by_provider(number, owner).number
    raise Refused("not_an_attempt")


def _is_staff(database: Connection, person: int, choice: CallbackData) -> bool:
    """Return whether a person acts for the provider of a chosen reservation."""
    number = getattr(choice, "reservation", None)
    return database.execute(_STAFF, (person, number)).fetchone() is not None


def _is_reachable(database: Connection, provider: int) -> bool:
    """Return whether someone can be notified of a booking with a provider."""
    return database.execute(_REACHABLE, (provider,)).fetchone() is not None
