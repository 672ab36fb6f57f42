"""The findings of an integrity check, as numbers; ``doctor`` prints them."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Parked:
    """A notification that could not be sent: its kind, how long ago it was parked, and why."""

    kind: str
    age: timedelta
    error: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """Updates that failed permanently: their number and the error of the last one."""

    count: int
    last_error: str


@dataclass(frozen=True, slots=True)
class Checkup:
    """The result of an integrity check at one instant. Reservations are listed by number.

    ``unswept`` are holds that expired a while ago and still occupy cells. ``stray`` are ended
    reservations that still occupy cells, ``lacking`` live ones that do not occupy all of theirs.
    ``unmerged`` are providers, by number, whose hours overlap or touch. ``oldest_due`` is how long
    the oldest message has been due, or None. ``odd_leases`` counts messages leased for longer than
    a lease lasts. ``ahead`` is how far the newest entry lies in the future, or None. ``loose`` are
    tables with rows whose foreign keys point to nothing. ``damage`` is what the database reports
    about its own file.
    """

    overlaps_of_providers: tuple[int, ...] = ()
    overlaps_of_clients: tuple[int, ...] = ()
    unswept: tuple[int, ...] = ()
    stray: tuple[int, ...] = ()
    lacking: tuple[int, ...] = ()
    unmerged: tuple[int, ...] = ()
    parked: tuple[Parked, ...] = ()
    oldest_due: timedelta | None = None
    set_aside: SetAside | None = None
    odd_leases: int = 0
    ahead: timedelta | None = None
    loose: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
    unreachable: int = 0
