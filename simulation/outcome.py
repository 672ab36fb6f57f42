"""What a run did and found, and the hashes by which two runs are compared."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulation.people.actor import Line
from simulation.plan import Plan
from simulation.reach import Reach
from simulation.world.stage import Stage


@dataclass(slots=True)
class Outcome:
    """What a run did and found; the three hashes are equal for equal runs.

    ``timetable`` says when and where people acted, and ``minutes_needed`` how long a plan must be
    to come to the first finding.
    """

    plan: Plan
    findings: list[str] = field(default_factory=list)
    story: list[Line] = field(default_factory=list)
    found_at: int | None = None
    timetable: str = ""
    minutes_needed: float | None = None
    acts: int = 0
    updates: int = 0
    calls: int = 0
    kills: int = 0
    faults: int = 0
    forks: int = 0
    steps: int = 0
    processor_seconds: float = 0.0
    hashes: tuple[str, str, str] = ("", "", "")
    reach: Reach = field(default_factory=Reach)


def hashes_of(stage: Stage) -> tuple[str, str, str]:
    """Return the hashes of the steps, of the calls to Telegram and of the database."""
    calls = stage.simulator.transcript.calls
    return (
        stage.kernel.digest.hexdigest(),
        _hash_of(repr((c.method, c.params, c.status, c.at)) for c in calls),
        _hash_of(_dump(stage)),
    )


def _hash_of(lines: Iterator[str]) -> str:
    """Return a short hash of lines."""
    digest = hashlib.blake2b(digest_size=8)
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _dump(stage: Stage) -> Iterator[str]:
    """Return the content of the database as SQL."""
    # The order of indexes depends on the hash seed of the process that migrated.
    yield from sorted(stage.reader().iterdump())
