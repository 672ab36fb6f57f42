"""An audit of the tables that uses neither storage code nor the busy cells.

A reservation claims its time with its provider and its client, from the instant of the hold to its
end. Two claims on one subject must not overlap in both. The audit replays all starts and ends in
order and keeps the active claims of each subject sorted, so a new claim is compared with its two
neighbours only.
"""

import json
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tests.kit.raw_database import micros, rows

FOREVER = 1 << 62
WARNING = 300 * 1_000_000


@dataclass(frozen=True, slots=True)
class Claim:
    """A reservation's claim: ``[start, end)`` in cells, ``[since, until)`` in microseconds."""

    number: int
    provider: int
    client: int
    start: int
    end: int
    since: int
    until: int


def claims(url: str, *, crossing: int = 0) -> list[Claim]:
    """Return the past and present claims of all reservations.

    Instants from several replicas may cross: a hold is dated when its update begins, and may then
    wait for a release, or for another replica's sweep, to commit. So ends by either are moved back
    by ``crossing`` microseconds.
    """
    found = rows(
        url,
        "SELECT id, provider_id, client_id, start_cell, end_cell, held_at, status, expires_at,"
        " ended_at FROM reservation",
    )
    return [
        Claim(number, provider, client, start, end, since, _end(status, expires, ended, crossing))
        for number, provider, client, start, end, since, status, expires, ended in found
    ]


def _end(status: str, expires_at: int | None, ended_at: int | None, crossing: int) -> int:
    """Return when a claim ends; never, if the tables do not say."""
    if status == "confirmed":
        return FOREVER
    end = expires_at if status in {"held", "expired"} else ended_at
    moved = crossing if status in {"cancelled", "expired"} else 0
    return (FOREVER if end is None else end) - moved


def overlaps(all_claims: Iterable[Claim]) -> list[tuple[int, int]]:
    """Return the pairs of reservations that claimed the same time of one subject at one instant."""
    nonempty = [claim for claim in all_claims if claim.since < claim.until]
    # Claims are half-open, so ends sort before starts at the same instant.
    moments = [(claim.since, 1, claim) for claim in nonempty] + [
        (claim.until, 0, claim) for claim in nonempty
    ]
    moments.sort(key=lambda moment: (moment[0], moment[1], moment[2].number))
    active: defaultdict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
    found: set[tuple[int, int]] = set()
    for _, begins, claim in moments:
        for subject in (("provider", claim.provider), ("client", claim.client)):
            taken, span = active[subject], (claim.start, claim.end, claim.number)
            if begins:
                at = bisect_left(taken, span)
                found |= {
                    (min(o, span[2]), max(o, span[2]))
                    for s, e, o in taken[max(0, at - 1) : at + 1]
                    if s < span[1] and span[0] < e
                }
                insort(taken, span)
            else:
                taken.remove(span)
    return sorted(found)


def audit(url: str, now: datetime, *, crossing: int = 0) -> list[str]:
    """Return all inconsistencies of a database whose holds were swept at ``now``."""
    problems = [
        f"reservations {one} and {other} overlap"
        for one, other in overlaps(claims(url, crossing=crossing))
    ]
    live = rows(
        url,
        "SELECT id, provider_id, client_id, start_cell, end_cell, expires_at FROM reservation"
        " WHERE status IN ('held', 'confirmed')",
    )
    problems += [
        f"hold {number} expired and was not swept"
        for number, *_, end in live
        if end is not None and end <= micros(now)
    ]
    problems += _cell_problems(url, live) + _outbox_problems(url)
    return problems + _history_problems(url)


def _cell_problems(url: str, live: list[tuple[int, int, int, int, int, int | None]]) -> list[str]:
    wanted = sorted(
        (kind, subject, cell, number, end)
        for number, provider, client, start, stop, end in live
        for kind, subject in ((0, provider), (1, client))
        for cell in range(start, stop)
    )
    kept = rows(
        url,
        "SELECT kind, subject, cell, reservation_id, hold_until FROM busy"
        " ORDER BY kind, subject, cell",
    )
    return [f"cell {cell}" for cell in set(wanted) ^ set(kept)] + (
        ["cells twice"] if len(kept) != len(set(kept)) else []
    )


def _outbox_problems(url: str) -> list[str]:
    """Check that each hold has one warning for each time it had, and each expired one an expiry.

    Both are for its client only. A hold moved to end within minutes has no warning.
    """
    ended = rows(url, "SELECT id, client_id FROM reservation WHERE status = 'expired' ORDER BY id")
    expiries = rows(
        url,
        "SELECT subject_id, recipient_id FROM outbox WHERE kind = 'hold_expired'"
        " ORDER BY subject_id",
    )
    history = rows(
        url,
        "SELECT id, history.revision, client_id, act, at, after FROM history"
        " JOIN reservation ON reservation.id = reservation_id"
        " WHERE act IN ('held', 'moved') ORDER BY 1, 2",
    )
    # The warning comes five minutes before the end, or after half of a hold under ten.
    leads = {
        number: min(WARNING, (_expiry(after) - at) // 2)
        for number, _, _, act, at, after in history
        if act == "held"
    }
    held = [
        (number, revision, client)
        for number, revision, client, _, at, after in history
        if _expiry(after) - leads[number] > at
    ]
    warned = rows(
        url,
        "SELECT subject_id, revision, recipient_id FROM outbox WHERE kind = 'hold_warning'"
        " ORDER BY 1, 2",
    )
    return ([] if expiries == ended else ["expiries"]) + ([] if warned == held else ["warnings"])


def _expiry(after: str) -> int:
    return micros(datetime.fromisoformat(json.loads(after)["expires_at"]))


def _history_problems(url: str) -> list[str]:
    """Check that each revision of each reservation has one row, and the last one its state."""
    latest = rows(url, "SELECT id, revision, status, start_cell FROM reservation ORDER BY id")
    told = defaultdict[int, list[int]](list)
    final: dict[int, tuple[object, object]] = {}
    for number, revision, after in rows(
        url, "SELECT reservation_id, revision, after FROM history ORDER BY 1, 2"
    ):
        told[number].append(revision)
        state = json.loads(after)
        final[number] = (state.get("status"), state.get("start"))
    return [
        f"history of {number}"
        for number, revision, status, start in latest
        if told[number] != [*range(1, revision + 1)] or final[number] != (status, start)
    ]
