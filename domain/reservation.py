"""A client's claim on a provider's time: a hold and what it becomes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain import errors
from domain.timespan import TimeSpan

REASON_LIMIT = 300
LONGEST_HOLD = 2
"""The longest total time of a hold that is moved, in hold durations."""


class Status(StrEnum):
    """The states of a reservation."""

    HELD = "held"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


class Party(StrEnum):
    """The party that ended a reservation."""

    CLIENT = "client"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Reservation:
    """One reservation.

    ``expires_at`` is set while held and kept after expiry, so that a card can show it.
    ``first_held_at`` is set once a hold was moved; ``held_at`` is when its current time was taken.
    Each change adds one to ``revision``.
    """

    id: int
    provider_id: int
    client_id: int
    span: TimeSpan
    status: Status
    held_at: datetime
    expires_at: datetime | None
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: Party | None = None
    reason: str | None = None
    first_held_at: datetime | None = None
    revision: int = 1

    def expired(self, now: datetime) -> bool:
        """Return whether this is an expired hold, swept or not.

        A hold lives while ``now < expires_at``.
        """
        if self.status is Status.HELD:
            return self.expires_at is not None and now >= self.expires_at
        return self.status is Status.EXPIRED

    def alive(self, now: datetime) -> bool:
        """Return whether it occupies time: it is confirmed, or a hold that has not expired."""
        return self.status is Status.CONFIRMED or (
            self.status is Status.HELD and not self.expired(now)
        )

    @property
    def released(self) -> bool:
        """Return whether the client released it without ever confirming it."""
        return (
            self.status is Status.CANCELLED
            and self.confirmed_at is None
            and self.ended_by is Party.CLIENT
        )

    def confirmed(self, now: datetime) -> "Reservation":
        """Return a confirmed copy; a confirmed reservation is returned unchanged.

        Raises:
            errors.HoldExpired, errors.HoldReleased, errors.ReservationCancelled,
            errors.ReservationPast: it is not a live hold.
        """
        if self.status is Status.CONFIRMED:
            return self
        self._check_alive(now)
        self._check_ahead(now)
        return self._changed(status=Status.CONFIRMED, expires_at=None, confirmed_at=now)

    def cancelled(self, by: Party, now: datetime, reason: str | None = None) -> "Reservation":
        """Return a cancelled or released copy; one already cancelled by this party is unchanged.

        Raises:
            errors.HoldExpired, errors.HoldReleased, errors.ReservationCancelled,
            errors.ReservationPast: there is nothing to cancel.
        """
        if self.status is Status.CANCELLED and self.ended_by is by:
            return self
        self._check_alive(now)
        self._check_ahead(now)
        return self._changed(
            status=Status.CANCELLED, expires_at=None, ended_at=now, ended_by=by, reason=reason
        )

    def moved(
        self, provider_id: int, span: TimeSpan, now: datetime, hold_duration: timedelta
    ) -> "Reservation":
        """Return a copy of a hold with another time, held for a full duration from now.

        Repeated moves cannot extend a hold beyond ``LONGEST_HOLD`` durations.
        """
        first = self.first_held_at or self.held_at
        return self._changed(
            provider_id=provider_id,
            span=span,
            held_at=now,
            expires_at=min(now + hold_duration, first + LONGEST_HOLD * hold_duration),
            first_held_at=first,
        )

    def before_its_time_came(self) -> "Reservation":
        """Return the hold that expired, or the booking that was completed."""
        status = Status.HELD if self.status is Status.EXPIRED else Status.CONFIRMED
        return replace(self, status=status, ended_at=None, revision=self.revision - 1)

    def _changed(self, **values: Any) -> "Reservation":
        """Return the next revision."""
        return replace(self, revision=self.revision + 1, **values)

    def _check_ahead(self, now: datetime) -> None:
        """Raise ReservationPast once the appointment has begun.

        Without a notice period, a hold can outlast the start of its own time.
        """
        if now >= self.span.starts_at:
            raise errors.ReservationPast(reservation=self)

    def _check_alive(self, now: datetime) -> None:
        """Raise the reason why this reservation no longer occupies time."""
        if self.alive(now):
            return
        if self.expired(now):
            raise errors.HoldExpired(reservation=self)
        if self.status is Status.CANCELLED:
            raise (errors.HoldReleased if self.released else errors.ReservationCancelled)(
                reservation=self
            )
        raise errors.ReservationPast(reservation=self)
