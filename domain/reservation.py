"""A client's claim on a provider's time: a hold and what it becomes."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain import errors
from domain.timespan import TimeSpan

REASON_LIMIT = 300


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
    ``card_message_id`` is the message in the client's chat that shows the reservation,
    ``notice_message_id`` the warning below it while there is one. ``first_held_at`` is set once a
    hold was moved; ``held_at`` is when its current time was taken.
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
    card_message_id: int | None = None
    notice_message_id: int | None = None
    first_held_at: datetime | None = None

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
        return replace(self, status=Status.CONFIRMED, expires_at=None, confirmed_at=now)

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
        return replace(
            self, status=Status.CANCELLED, expires_at=None, ended_at=now, ended_by=by, reason=reason
        )

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
