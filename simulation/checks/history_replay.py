"""Compares the database with the reference model, after each commit.

The model does what the history says, at its instants. It refuses what the rules forbid, and its
state must equal the reservations.
"""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from sqlite3 import Connection
from typing import Any

from simulation.checks.reference_model import CELL, CELLS_KEPT, Claim, Model, Refused
from simulation.plan import HOLD_SECONDS

SLOT_CELLS, HORIZON_SECONDS, HOLDS_PER_CLIENT = 3, 60 * 24 * 3600, 3
_HISTORY = """SELECT at, act <> 'expired', reservation_id, act, actor_id, after FROM history
    WHERE reservation_id = ? AND revision > ?"""
_RESERVATION = """SELECT provider_id, client_id, start_cell, end_cell, status, expires_at, revision
    FROM reservation WHERE id = ?"""
_FOR_PROVIDERS = {"booking_confirmed", "cancelled_by_client"}
_STAFF = "SELECT person_id FROM acts_for WHERE provider_id = ? AND notified"
OVERLAPS = """SELECT a.id, b.id FROM reservation a JOIN reservation b ON a.id < b.id
    AND (a.provider_id = b.provider_id OR a.client_id = b.client_id)
    AND a.start_cell < b.end_cell AND b.start_cell < a.end_cell
    WHERE a.status IN ('held', 'confirmed') AND b.status IN ('held', 'confirmed')"""


class HistoryReplay:
    """The reference model, kept up to date with the history."""

    def __init__(self, now: Callable[[], int]) -> None:
        """Use ``now``, which returns microseconds since the start."""
        self.model = Model(
            SLOT_CELLS, HORIZON_SECONDS, HOLDS_PER_CLIENT, 0, {}, hold_seconds=HOLD_SECONDS
        )
        self._now = now
        self.recipients: dict[tuple[int, int, str], set[int | None]] = {}
        """The recipients of each notification that the rules owe, without the one who acted."""
        self._revisions: dict[int, int] = {}
        self._changed: dict[tuple[int, int], int] = {}

    def follow(self, database: Connection) -> Iterator[str]:
        """Apply what a commit added to the history; yield what the model does not agree with."""
        news = self._news(database)
        if not news:
            return
        self.read_providers(database)
        for at, _, number, act, actor, after in news:
            self.model.now = seconds(at)
            owed = {*self.model.owed}
            try:
                self._apply(database, number, act, json.loads(after))
                for key in {*self.model.owed} - owed:
                    self.recipients[key] = self._recipients(database, key) - {actor}
            except Refused as error:
                yield f"reservation {number} was {act} at {at}, which the rules refuse: {error}"
        for number in sorted({row[2] for row in news}):
            yield from self._compare(database, number)
        for one, other in database.execute(OVERLAPS):
            yield f"reservations {one} and {other} overlap"

    def outdated(self, number: int, revision: int, since: int) -> bool:
        """Return whether a reservation has had a newer revision since an instant or longer."""
        return self._changed.get((number, revision), since) < since

    def free(
        self, database: Connection, client: int, provider: int, now: int, moving: int
    ) -> set[int]:
        """Return the cells that a client could hold with a provider at an instant."""
        self.read_providers(database)
        self.model.now = seconds(now)
        return set(self.model.free(client, provider, moving))

    def _news(self, database: Connection) -> list[Any]:
        """Return what the history tells since the last call, oldest first."""
        news: list[Any] = []
        for number, revision in database.execute("SELECT id, revision FROM reservation"):
            if revision != (known := self._revisions.get(number, 0)):
                news += database.execute(_HISTORY, (number, known))
                self._revisions[number] = revision
                self._changed[number, known] = self._now()
        # A new hold ends an expired one in its way, at the same instant.
        return sorted(news)

    def _apply(self, database: Connection, number: int, act: str, after: dict[str, Any]) -> None:
        """Let the model do what the history says."""
        model, claim = self.model, self.model.claims.get(number)
        (client,) = database.execute(
            "SELECT client_id FROM reservation WHERE id = ?", (number,)
        ).fetchone()
        match act:
            case "held" | "moved":
                moving = number if act == "moved" else 0
                model.hold(client, after["provider"], after["start"], moving, number)
            case "confirmed":
                model.confirm(number, client)
            case "released" | "cancelled":
                model.cancel_by_client(number, client)
            case "declined":
                model.cancel_by_provider(number, model.owners[after["provider"]])
            case "expired":
                self._expire(claim)
            case "completed":
                self._complete(claim)
            case _:
                raise Refused(f"the model does not know {act!r}")

    def _recipients(self, database: Connection, key: tuple[int, int, str]) -> set[int | None]:
        """Return the recipients of a notification at this time."""
        number, _, kind = key
        claim = self.model.claims[number]
        if kind in _FOR_PROVIDERS:
            return {person for (person,) in database.execute(_STAFF, (claim.provider,))}
        return {claim.client}

    def _expire(self, claim: Claim | None) -> None:
        """Expire one hold, which the model may have done when its time was taken."""
        if claim is None or (claim.status != "expired" and not claim.is_overdue(self.model.now)):
            raise Refused("not_overdue")
        if claim.status != "expired":
            claim.status, claim.revision = "expired", claim.revision + 1

    def _complete(self, claim: Claim | None) -> None:
        """Complete one booking that ended a day ago."""
        ended = -(-(self.model.now - CELLS_KEPT) // CELL)
        if claim is None or claim.status != "confirmed" or claim.end > ended:
            raise Refused("not_ended")
        claim.status, claim.revision = "completed", claim.revision + 1

    def _compare(self, database: Connection, number: int) -> Iterator[str]:
        """Compare a reservation with the model's claim."""
        claim = self.model.claims.get(number)
        provider, client, start, end, status, expires_at, revision = database.execute(
            _RESERVATION, (number,)
        ).fetchone()
        said = (provider, client, start, end, status, revision)
        if claim is None:
            yield f"reservation {number} is unknown to the model"
            return
        known = (
            claim.provider, claim.client, claim.start, claim.end, claim.status, claim.revision,
        )  # fmt: skip
        if said != known:
            yield f"reservation {number} is {said}, and the model's is {known}"
        if status == "held" and seconds(expires_at) != claim.deadline:
            yield f"hold {number} ends at {expires_at}, and the model's at {claim.deadline}"

    def read_providers(self, database: Connection) -> None:
        """Read the hours of all providers, and who each of them is."""
        self.model.owners = {
            provider: -provider for (provider,) in database.execute("SELECT id FROM provider")
        } | dict(
            database.execute("SELECT provider_id, person_id FROM acts_for WHERE role = 'self'")
        )
        self.model.offered = {provider: set() for provider in self.model.owners}
        for provider, first, end in database.execute(
            "SELECT provider_id, start_cell, end_cell FROM availability"
        ):
            self.model.offered[provider].update(range(first, end))


def seconds(microseconds: int) -> Any:
    """Return exact seconds since 1970."""
    return Fraction(microseconds, 1_000_000)
