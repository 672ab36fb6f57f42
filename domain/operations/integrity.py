"""What a look at the books finds: the facts of ``doctor``, in numbers."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Parked:
    """Something that could not be told to anybody: its kind, how long ago it was put aside, and why."""

    kind: str
    age: timedelta
    error: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """Updates that failed for good: how many, and the error of the last."""

    count: int
    last_error: str


@dataclass(frozen=True, slots=True)
class Checkup:
    """The state of the books at one instant. Reservations are told by their numbers.

    ``unswept`` are holds that ran out a while ago and still take time, ``stray`` those that are over and still take time, ``lacking`` live
    ones that do not take all of theirs. ``unmerged`` are providers, by number, whose hours overlap or touch. ``oldest_due`` is for how long
    the oldest message has been due, None where none is; ``odd_leases`` counts messages in hand for longer than anybody has one in hand.
    ``ahead`` is how far the newest entry lies in the future, None where it does not. ``loose`` are tables with rows that point to nothing,
    and ``damage`` is what the database itself has to say of its file.
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
