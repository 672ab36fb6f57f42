"""The books of a venue, audited from the outside: what the rows of a database say, checked without storage and without the busy cells.

A reservation claims its stretch of time, of its provider and of its client, from the instant it was held until it ended. Two claims on one
subject must never share time of both kinds. The audit plays all beginnings and ends in order of their instants and keeps, for each
subject, the claimed stretches sorted: a new one needs to be compared with its two neighbours only.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tests.kit.raw_database import micros, rows

FOR_EVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Claim:
    """A reservation's claim: ``[start, end)`` in cells, ``[since, until)`` in microseconds since 1970."""

    number: int
    provider: int
    client: int
    start: int
    end: int
    since: int
    until: int


def claims(url: str, *, crossing: int = 0) -> list[Claim]:
    """Return what the reservations claim or claimed.

    What is dated by several replicas may cross: a hold is dated when its update began to be worked, and may have waited until a release
    was committed, or until another replica had swept what ran out meanwhile. Both may therefore be taken as so many microseconds earlier.
    """
    found = rows(
        url,
        "SELECT id, provider_id, client_id, start_cell, end_cell, held_at, status, expires_at, ended_at FROM reservation",
    )
    return [
        Claim(
            number,
            provider,
            client,
            start,
            end,
            since,
            _until(status, expires_at, ended_at)
            - (crossing if status in {"cancelled", "expired"} else 0),
        )
        for number, provider, client, start, end, since, status, expires_at, ended_at in found
    ]


def _until(status: str, expires_at: int | None, ended_at: int | None) -> int:
    """Return when a claim ends: never, where the books do not say."""
    if status == "confirmed":
        return FOR_EVER
    end = expires_at if status in {"held", "expired"} else ended_at
    return FOR_EVER if end is None else end


def overlaps(all_claims: Iterable[Claim]) -> list[tuple[int, int]]:
    """Return the pairs of reservations that had the same time of the same provider or client at the same moment."""
    lived = [claim for claim in all_claims if claim.since < claim.until]
    # At one instant ends come before beginnings: a claim is half-open.
    moments = [(claim.since, 1, claim) for claim in lived] + [
        (claim.until, 0, claim) for claim in lived
    ]
    moments.sort(key=lambda moment: (moment[0], moment[1], moment[2].number))
    standing: defaultdict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
    found: set[tuple[int, int]] = set()
    for _, begins, claim in moments:
        for subject in (("provider", claim.provider), ("client", claim.client)):
            taken, mine = standing[subject], (claim.start, claim.end, claim.number)
            if begins:
                at = bisect_left(taken, mine)
                found |= {
                    (min(o, mine[2]), max(o, mine[2]))
                    for s, e, o in taken[max(0, at - 1) : at + 1]
                    if s < mine[1] and mine[0] < e
                }
                insort(taken, mine)
            else:
                taken.remove(mine)
    return sorted(found)


def audit(url: str, now: datetime, *, crossing: int = 0) -> list[str]:
    """Return all that is wrong with a database whose overdue holds were swept at ``now``: an empty list is a clean bill."""
    wrong = [
        f"reservations {one} and {other} overlap"
        for one, other in overlaps(claims(url, crossing=crossing))
    ]
    live = rows(
        url,
        "SELECT id, provider_id, client_id, start_cell, end_cell, expires_at FROM reservation WHERE status IN ('held', 'confirmed')",
    )
    wrong += [
        f"hold {number} ran out and was not swept"
        for number, *_, end in live
        if end is not None and end <= micros(now)
    ]
    return wrong + _cells_wrong(url, live) + _outbox_wrong(url)


def _cells_wrong(url: str, live: list[tuple[int, int, int, int, int, int | None]]) -> list[str]:
    wanted = sorted(
        (kind, subject, cell, number, end)
        for number, provider, client, start, stop, end in live
        for kind, subject in ((0, provider), (1, client))
        for cell in range(start, stop)
    )
    kept = rows(
        url,
        "SELECT kind, subject, cell, reservation_id, hold_until FROM busy ORDER BY kind, subject, cell",
    )
    return [f"cell {cell}" for cell in set(wanted) ^ set(kept)] + (
        ["cells twice"] if len(kept) != len(set(kept)) else []
    )


def _outbox_wrong(url: str) -> list[str]:
    """A hold is warned of once, and its expiry is told once; each as long as it is so, and to nobody else."""
    ended = rows(url, "SELECT id, client_id FROM reservation WHERE status = 'expired' ORDER BY id")
    told = rows(
        url,
        "SELECT reservation_id, recipient_id FROM outbox WHERE kind = 'hold_expired' ORDER BY reservation_id",
    )
    every = rows(url, "SELECT id, client_id FROM reservation ORDER BY id")
    warned = rows(
        url,
        "SELECT reservation_id, recipient_id FROM outbox WHERE kind = 'hold_warning' ORDER BY reservation_id",
    )
    return ([] if told == ended else ["expiries told"]) + ([] if warned == every else ["warnings"])
