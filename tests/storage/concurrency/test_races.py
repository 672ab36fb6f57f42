"""Many concurrent clients on few slots: no time is given twice, and the tables are consistent."""

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import errors
from domain.choice import SlotChoice
from domain.policy import BookingPolicy
from domain.timespan import TimeSpan
from domain.usecases.expire_holds import expire_holds
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from tests.kit.clinic import HOURS, NOW, OPENING, POLICY, open_clinic
from tests.kit.raw_database import micros, rows, run_sql
from tests.kit.sampling import PROFILE, SEED, seeded
from tests.kit.worker import run_together
from tests.storage import race_worker
from tests.storage.audit import FOREVER, Claim, audit, claims, overlaps

CROWD = range(1001, 1201)
LATER = NOW + timedelta(hours=40)


def drawn(name: str, seeds: int) -> list[int]:
    """Return the seeds a test tries: all of them, or one that the day chooses."""
    count = PROFILE.pick(fast=1, full=seeds)
    return seeded(f"{name} {SEED}").sample(range(seeds), count)


async def try_to_hold(
    database: Database,
    policy: BookingPolicy,
    client: int,
    choice: SlotChoice,
    now: datetime = NOW,
) -> str:
    try:
        await database.write(lambda uow: hold_slot(uow, policy, client, choice, now))
    except errors.Refusal as refused:
        return refused.code
    return "held"


async def sweep_all(database: Database) -> None:
    await database.write(lambda uow: expire_holds(uow, POLICY, LATER, limit=100_000))


async def crowd_for_one_slot(database: Database) -> Counter[str]:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow, clients=CROWD)
    return Counter(
        await asyncio.gather(
            *(
                try_to_hold(database, POLICY, client, SlotChoice(dora.id, OPENING))
                for client in CROWD
            )
        )
    )


async def test_exactly_one_of_two_hundred_clients_gets_a_slot(database: Database) -> None:
    assert await crowd_for_one_slot(database) == {"held": 1, "slot_taken": 199}
    assert audit(database.url, NOW) == []


async def test_an_overdue_hold_is_replaced_once_and_expired_once_among_racing_sweeps(
    database: Database,
) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow, clients=CROWD)
        dead = await hold_slot(uow, POLICY, CROWD[0], SlotChoice(dora.id, OPENING), NOW)
    over = NOW + POLICY.hold_duration

    async def sweep() -> str:
        return f"swept {await database.write(lambda uow: expire_holds(uow, POLICY, over))}"

    tries = [
        try_to_hold(database, POLICY, client, SlotChoice(dora.id, OPENING), over)
        for client in CROWD
    ]
    done = Counter(await asyncio.gather(*tries, *(sweep() for _ in range(20))))

    assert done == {"held": 1, "slot_taken": 199, "swept 0": 20}
    assert rows(database.url, "SELECT subject_id FROM outbox WHERE kind = 'hold_expired'") == [
        (dead.id,)
    ]
    assert audit(database.url, over) == []


@pytest.mark.parametrize("seed", drawn("holds", 3))
async def test_two_hundred_random_holds_never_overlap(database: Database, seed: int) -> None:
    choices = random.Random(seed)  # noqa: S311
    policies = [
        BookingPolicy(slot_length=timedelta(minutes=15 * n), holds_per_client=20)
        for n in (1, 2, 3, 4)
    ]
    clients = range(301, 311)
    async with database.transaction() as uow:
        providers = [provider.id for provider in await open_clinic(uow, clients=clients)]

    def random_choice() -> tuple[BookingPolicy, int, SlotChoice]:
        policy = choices.choice(policies)
        length = policy.slot_cells
        start = choices.choice(range(HOURS.start, HOURS.end - length + 1, length))
        return policy, choices.choice(clients), SlotChoice(choices.choice(providers), start)

    done = Counter(
        await asyncio.gather(*(try_to_hold(database, *random_choice()) for _ in range(200)))
    )

    assert set(done) == {"held", "slot_taken", "client_busy"}
    assert done["held"] > 15
    assert audit(database.url, NOW) == []


@pytest.mark.changes_schema
@pytest.mark.parametrize("seed", drawn("races", 2))
async def test_four_processes_with_random_actions_keep_the_database_consistent(
    database: Database, seed: int
) -> None:
    async with database.transaction() as uow:
        await open_clinic(
            uow, clients=race_worker.CLIENTS, hours=TimeSpan(OPENING, OPENING + race_worker.CELLS)
        )
    race_worker.set_clock(database.url)
    race = "tests.storage.race_worker:race"
    races = [(race, database.url, 10 * seed + n, 100) for n in range(4)]

    assert await asyncio.to_thread(run_together, *races) == [0, 0, 0, 0]
    # Before the last sweep there are cells of overdue holds, but no overlaps.
    assert overlaps(claims(database.url)) == []
    await sweep_all(database)

    assert audit(database.url, LATER) == []
    seen: dict[str, int] = dict(
        rows(database.url, "SELECT status, count(*) FROM reservation GROUP BY status")
    )
    assert set(seen) == {"confirmed", "cancelled", "expired"}
    assert sum(seen.values()) > 50


@pytest.mark.changes_schema
async def test_race_workers_perform_every_action(database: Database) -> None:
    async with database.transaction() as uow:
        await open_clinic(
            uow, clients=race_worker.CLIENTS, hours=TimeSpan(OPENING, OPENING + race_worker.CELLS)
        )
    race_worker.set_clock(database.url)
    team = [race_worker.RaceWorker(database, seed) for seed in range(8)]
    await asyncio.gather(*(one.race(30) for one in team))
    await sweep_all(database)

    done = sum((one.done for one in team), Counter[str]())
    assert {
        "_hold",
        "_move",
        "_confirm",
        "_release",
        "_sweep",
        "slot_taken",
        "client_busy",
        "hold_expired",
    } <= set(done)
    assert audit(database.url, LATER) == []


@pytest.mark.changes_schema
async def test_without_the_primary_key_of_busy_the_audit_finds_overlaps(database: Database) -> None:
    run_sql(
        database.url,
        "CREATE TABLE keyless AS SELECT * FROM busy; DROP TABLE busy;"
        " ALTER TABLE keyless RENAME TO busy",
    )

    assert (await crowd_for_one_slot(database))["held"] == 200
    found = audit(database.url, NOW)
    assert len([line for line in found if line.endswith("overlap")]) >= 199


MICROSECOND = {"sqlite": "1", "postgresql": "interval '1 microsecond'"}


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM busy WHERE kind = 1 AND subject = 201",
        "UPDATE busy SET hold_until = hold_until + {microsecond}",
        "INSERT INTO busy SELECT kind, subject, cell + 3, reservation_id, hold_until FROM busy",
        "DELETE FROM outbox",
        "DELETE FROM history",
        "UPDATE history SET revision = 2",
        "UPDATE reservation SET revision = 2",
        "UPDATE reservation SET status = 'expired'",
        "UPDATE reservation SET expires_at = held_at",
    ],
)
async def test_the_audit_detects_inconsistent_tables(
    database: Database, engine: str, damage: str
) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow, clients=race_worker.CLIENTS)
        await hold_slot(uow, POLICY, race_worker.CLIENTS[0], SlotChoice(dora.id, OPENING), NOW)
    assert audit(database.url, NOW) == []

    run_sql(database.url, damage.format(microsecond=MICROSECOND[engine]))

    assert audit(database.url, NOW) != []


T = micros(NOW)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (Claim(1, 1, 1, 10, 12, T, T + 9), Claim(2, 1, 2, 11, 13, T, T + 9), True),
        (Claim(1, 1, 1, 10, 12, T, T + 9), Claim(2, 2, 1, 11, 13, T, T + 9), True),
        (Claim(1, 1, 1, 10, 12, T, T + 9), Claim(2, 2, 2, 11, 13, T, T + 9), False),
        (Claim(1, 1, 1, 10, 12, T, T + 9), Claim(2, 1, 2, 12, 13, T, T + 9), False),
        (Claim(1, 1, 1, 10, 14, T, T + 9), Claim(2, 1, 2, 11, 12, T + 8, FOREVER), True),
        (Claim(1, 1, 1, 10, 14, T, T + 9), Claim(2, 1, 2, 11, 12, T + 9, FOREVER), False),
        (Claim(1, 1, 1, 10, 14, T, FOREVER), Claim(2, 1, 2, 10, 14, T + 9, FOREVER), True),
        (Claim(1, 1, 1, 10, 14, T, T), Claim(2, 1, 2, 10, 14, T, T + 1), False),
    ],
)
def test_the_audit_detects_overlapping_claims(one: Claim, other: Claim, *, overlap: bool) -> None:
    assert overlaps([one, other]) == overlaps([other, one]) == ([(1, 2)] if overlap else [])


def intersect(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


claim_lists = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.integers(1, 3),
        st.integers(0, 12),
        st.integers(1, 4),
        st.integers(0, 12),
        st.integers(0, 4),
    ),
    max_size=8,
).map(
    lambda random_choice: [
        Claim(n, p, c, start, start + length, since, since + age)
        for n, (p, c, start, length, since, age) in enumerate(random_choice)
    ]
)


@given(claim_lists)
def test_the_audit_agrees_with_comparing_every_pair(random_choice: list[Claim]) -> None:
    pairs = [
        (one.number, other.number)
        for one in random_choice
        for other in random_choice
        if one.number < other.number
        and (one.provider == other.provider or one.client == other.client)
        and intersect((one.start, one.end), (other.start, other.end))
        and intersect((one.since, one.until), (other.since, other.until))
    ]

    assert bool(overlaps(random_choice)) is bool(pairs)
    assert set(overlaps(random_choice)) <= set(pairs)
