"""The kinds of notification: whom each goes to, and whether it still holds when it is sent.

The person who acts is never notified of their own act.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import TypeVar

from domain.reservation import Reservation, Status

StillHolds = Callable[[Reservation, datetime], bool]
_Kind = TypeVar("_Kind", bound=StrEnum)


class Kind(StrEnum):
    """The kinds of notification about a reservation."""

    HOLD_WARNING = "hold_warning"
    HOLD_EXPIRED = "hold_expired"
    BOOKING_CONFIRMED = "booking_confirmed"
    CANCELLED_BY_CLIENT = "cancelled_by_client"
    CANCELLED_BY_PROVIDER = "cancelled_by_provider"
    CANCELLED_BY_TEAM = "cancelled_by_team"


class Audience(Enum):
    """Whom a kind of notification goes to."""

    CLIENT = auto()
    PROVIDER = auto()
    """Everyone who acts for the provider."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The audience of a kind, and whether it still holds for a reservation at an instant."""

    audience: Audience
    still_holds: StillHolds


class Subject(StrEnum):
    """What a notification can be about."""

    RESERVATION = "reservation"
    PROVIDER = "provider"
    PERSON = "person"


JOINED = "joined"
"""The kind that tells who accepted an invitation; ``usecases.announce_staff`` adds it."""

LEFT = "left"
"""The kind that tells who assists a provider no longer, added there too."""


class ProviderKind(StrEnum):
    """The kinds of notification about a provider."""

    UNREACHABLE = "provider_unreachable"
    """For admins: no one can be notified of the provider's bookings."""
    REACHABLE = "provider_reachable"
    """For those admins: the provider can be booked again."""
    ASSISTANT_REMOVED = "assistant_removed"
    """For a person who assists the provider no longer."""
    HANDED_OVER = "provider_handed_over"
    """For the person who was the provider, before another account took over."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification for one person, sent once for each ``dedupe_key``.

    ``recipient_id`` is the number of a person; a person without a Telegram account gets none.
    ``revision`` is that of the subject: a later revision ends the notification. ``offset`` tells
    several of one kind apart. ``due_at`` is the earliest time to send it. ``payload`` is what else
    it says, as plain JSON.
    """

    recipient_id: int
    kind: str
    subject_id: int
    due_at: datetime
    revision: int | None = None
    subject: Subject = Subject.RESERVATION
    offset: str = ""
    payload: Mapping[str, object] | None = None

    @property
    def dedupe_key(self) -> str:
        """The key that the same notification always has."""
        return f"{self.kind}:{self.subject}:{self.subject_id}:{self.revision or ''}:{self.offset}"


def about_provider(
    recipient_id: int, kind: ProviderKind, provider_id: int, now: datetime, offset: str = ""
) -> Notification:
    """Return a notification about a provider.

    Without an ``offset``, there is at most one of a kind each second.
    """
    return Notification(
        recipient_id,
        kind,
        provider_id,
        now,
        subject=Subject.PROVIDER,
        offset=offset or now.isoformat(timespec="seconds"),
    )


def _is(status: Status) -> StillHolds:
    """Return the rule that a reservation still has a status."""
    return lambda reservation, _now: reservation.status is status


def _is_cancelled_booking(reservation: Reservation, _now: datetime) -> bool:
    """Return whether a reservation was confirmed and then cancelled."""
    return reservation.status is Status.CANCELLED and reservation.confirmed_at is not None


def _is_live_hold(reservation: Reservation, now: datetime) -> bool:
    """Return whether a reservation is a hold that has not expired."""
    return reservation.status is Status.HELD and reservation.alive(now)


RULES: Mapping[Kind, Rule] = {
    Kind.HOLD_WARNING: Rule(Audience.CLIENT, _is_live_hold),
    Kind.HOLD_EXPIRED: Rule(Audience.CLIENT, _is(Status.EXPIRED)),
    Kind.BOOKING_CONFIRMED: Rule(Audience.PROVIDER, _is(Status.CONFIRMED)),
    Kind.CANCELLED_BY_CLIENT: Rule(Audience.PROVIDER, _is(Status.CANCELLED)),
    Kind.CANCELLED_BY_PROVIDER: Rule(Audience.CLIENT, _is(Status.CANCELLED)),
    Kind.CANCELLED_BY_TEAM: Rule(Audience.PROVIDER, _is_cancelled_booking),
}


def check_registry(rules: Mapping[_Kind, object], kinds: type[_Kind]) -> None:
    """Raise TypeError unless a registry has an entry for every kind, and no other entry."""
    if odd := {*kinds} ^ {*rules}:
        raise TypeError(f"kinds of notification without an entry: {', '.join(sorted(odd))}")


check_registry(RULES, Kind)


def still_holds(kind: Kind, revision: int | None, reservation: Reservation, now: datetime) -> bool:
    """Return whether a notification of a revision, checked just before it is sent, still holds."""
    return reservation.revision == revision and RULES[kind].still_holds(reservation, now)
