"""The migration from quarter-hours to cells of five minutes, on each earlier shape with rows."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from bot.buttons.base import read
from bot.buttons.booking import PickSlot
from domain.choice import SlotChoice
from domain.operations.integrity import Checkup
from domain.policy import BookingPolicy
from domain.timespan import TimeSpan
from domain.usecases.find_slots import SlotSearch
from domain.usecases.hold_slot import hold_slot
from domain.usecases.remove_availability import Inside, undo_publication
from storage.engine.sqlite_file import DatabaseUnusable
from storage.maintenance.integrity import open_integrity_check
from storage.maintenance.migrate import SCRIPTS, known_migrations, migrate
from tests.kit.cells import QUARTER, SECONDS
from tests.kit.clinic import NOW, OPENING, POLICY, SECOND
from tests.kit.databases import create_shape, opened
from tests.kit.raw_database import all_rows, literal, rows, run_sql

SHAPES = [number for number in known_migrations(SCRIPTS) if number < "0008"]
# All times below are quarter-hours, as those shapes count them.
Q, QUARTER_SECONDS = OPENING // QUARTER, 900
ALICE, BOB, DORA, EMIL = 7_000_000_001, 1_234, 3, 90
WITH_DORA, WITH_EMIL = 11, 12
OVER = NOW + POLICY.hold_duration
HOURS = {
    WITH_DORA: [(Q, Q + 32), (Q + 40, Q + 43), (Q + 96, Q + 110)],
    WITH_EMIL: [(Q + 1, Q + 14), (Q + 30, Q + 38)],
}
ADDED = [[Q + 1, Q + 14], [Q + 30, Q + 38]]
# Number, provider, client, start, end, status, end of the hold.
RESERVATIONS = [
    (21, WITH_DORA, ALICE, Q, Q + 1, "held", OVER),
    (22, WITH_DORA, BOB, Q + 4, Q + 7, "confirmed", None),
    (23, WITH_EMIL, ALICE, Q + 5, Q + 6, "confirmed", None),
    (24, WITH_DORA, ALICE, Q + 8, Q + 10, "cancelled", None),
    (25, WITH_DORA, BOB, Q + 12, Q + 13, "held", NOW - SECOND),
    (26, WITH_EMIL, BOB, Q + 32, Q + 34, "held", OVER),
]
LENGTHS = (1, 2, 3, 4)


def old_rows(url: str, shape: str) -> Iterator[str]:
    """Yield the statements that fill a database of an earlier shape."""
    numbered, now = shape >= "0007", literal(url, NOW)
    yield from people(now) if numbered else people_before_numbers(now)
    for provider, spans in HOURS.items():
        for start, end in spans:
            yield (
                "INSERT INTO availability (provider_id, start_cell, end_cell)"
                f" VALUES ({provider}, {start}, {end})"
            )
    for number, added in ((5, ADDED), (6, [])):
        yield (
            "INSERT INTO draft (id, provider_id, days, added, state, drafted_at) VALUES"
            f" ({number}, {WITH_EMIL}, '[]', '{json.dumps(added)}', 'published', {now})"
        )
    yield from reservations(url, numbered=numbered)
    yield from dialogues(now, numbered=numbered)
    if numbered:
        yield from history(now)


def reservations(url: str, *, numbered: bool) -> Iterator[str]:
    """Yield the statements that add reservations and their cells."""
    more, values = (", revision", ", 1") if numbered else ("", "")
    for number, provider, account, start, end, status, until in RESERVATIONS:
        client = number_of(account) if numbered else account
        expires = "NULL" if until is None else literal(url, until)
        yield (
            "INSERT INTO reservation (id, provider_id, client_id, start_cell, end_cell, status,"
            f" held_at, expires_at{more}) VALUES ({number}, {provider}, {client}, {start}, {end},"
            f" '{status}', {literal(url, NOW)}, {expires}{values})"
        )
        for kind, subject in ((0, provider), (1, client)):
            for cell in range(start, end) if status != "cancelled" else ():
                yield f"INSERT INTO busy VALUES ({kind}, {subject}, {cell}, {number}, {expires})"


def dialogues(now: str, *, numbered: bool) -> Iterator[str]:
    """Yield the statements that add what people were about to choose."""
    whose = "person_id" if numbered else "client_id"
    for account, flow, data in (
        (BOB, "'booking'", {"provider": WITH_DORA, "start": Q + 2, "moving": 0, "minutes": 555}),
        (ALICE, "'booking'", {"provider": WITH_DORA, "start": None, "part": "do"}),
        (EMIL, "'hours'", {"draft": 5, "start": 540}),
        (DORA, "NULL", {}),
    ):
        yield (
            f"INSERT INTO dialogue ({whose}, flow, data, changed_at) VALUES"
            f" ({number_of(account) if numbered else account}, {flow}, '{json.dumps(data)}', {now})"
        )


def number_of(account: int) -> int:
    """Return the number of a person; they are numbered in the order in which they first wrote."""
    return sorted((ALICE, BOB, DORA, EMIL)).index(account) + 1


def people_before_numbers(now: str) -> Iterator[str]:
    """Yield the statements that add people known by their Telegram ids."""
    for account in (ALICE, BOB, DORA, EMIL):
        yield f"INSERT INTO client (id, name, first_seen_at) VALUES ({account}, 'Person', {now})"
    for number, account, name in ((WITH_DORA, DORA, "dora"), (WITH_EMIL, EMIL, "emil")):
        yield (
            "INSERT INTO provider (id, client_id, name, name_key, slug, joined_at)"
            f" VALUES ({number}, {account}, '{name}', '{name}', '{name}', {now})"
        )


def people(now: str) -> Iterator[str]:
    """Yield the statements that add people with numbers."""
    for account in (ALICE, BOB, DORA, EMIL):
        yield (
            "INSERT INTO person (id, telegram_id, name, first_seen_at)"
            f" VALUES ({number_of(account)}, {account}, 'Person', {now})"
        )
    for number, account, name in ((WITH_DORA, DORA, "dora"), (WITH_EMIL, EMIL, "emil")):
        yield (
            "INSERT INTO provider (id, name, name_key, slug, joined_at)"
            f" VALUES ({number}, '{name}', '{name}', '{name}', {now})"
        )
        yield f"INSERT INTO acts_for VALUES ({number_of(account)}, {number}, 'self', 1, {now})"


def history(now: str) -> Iterator[str]:
    """Yield the statements that add the history of a booking."""
    held = {"status": "held", "provider": WITH_DORA, "start": Q + 4, "end": Q + 7}
    booked = held | {"status": "confirmed"}
    before, after = json.dumps(held), json.dumps(booked)
    columns = "(reservation_id, revision, act, at, before, after)"
    yield f"INSERT INTO history {columns} VALUES (22, 1, 'held', {now}, NULL, '{before}')"
    yield f"INSERT INTO history {columns} VALUES (22, 2, 'cf', {now}, '{before}', '{after}')"


async def set_up(url: str, shape: str) -> None:
    """Create a database of an earlier shape and fill it."""
    await create_shape(url, shape)
    run_sql(url, "; ".join(old_rows(url, shape)))


@pytest.fixture(params=SHAPES)
async def migrated_url(empty_database_url: str, request: pytest.FixtureRequest) -> str:
    """The address of a database that had an earlier shape, with rows in it."""
    await set_up(empty_database_url, request.param)
    await migrate(empty_database_url)
    return empty_database_url


def free_before(provider: int, client: int, length: int) -> list[tuple[int, int]]:
    """Return the free slots of the old rows, in seconds since 1970, by counting quarter-hours."""
    taken = {
        quarter
        for _, its, whose, start, end, status, until in RESERVATIONS
        if its == provider or whose == client
        if status == "confirmed" or (status == "held" and until is not None and until > NOW)
        for quarter in range(start, end)
    }
    return [
        (start * QUARTER_SECONDS, (start + length) * QUARTER_SECONDS)
        for first, end in HOURS[provider]
        for start in range(first, end - length + 1, length)
        if taken.isdisjoint(range(start, start + length))
    ]


def in_seconds(span: TimeSpan) -> tuple[float, float]:
    return span.starts_at.timestamp(), span.ends_at.timestamp()


async def person(uow: Any, account: int) -> int:
    found = await uow.queries.account(account)
    assert found
    return int(found.id)


async def test_the_same_slots_are_free_to_the_second(migrated_url: str) -> None:
    async with opened(migrated_url) as database, database.snapshot() as uow:
        for length in LENGTHS:
            policy = BookingPolicy(slot_length=length * timedelta(minutes=15))
            starts = policy.starts(NOW)
            for provider, account in ((p, a) for p in HOURS for a in (ALICE, BOB)):
                client = await person(uow, account)
                search = SlotSearch(SlotChoice(provider), client, policy, NOW)
                found = await search.between(uow, starts.start, starts.stop)
                assert [*map(in_seconds, found)] == free_before(provider, account, length)


async def test_every_time_is_the_same_instant(migrated_url: str) -> None:
    url = migrated_url
    hours = rows(url, "SELECT provider_id, start_cell, end_cell FROM availability ORDER BY 1, 2")
    assert [(p, start * SECONDS, end * SECONDS) for p, start, end in hours] == [
        (provider, start * QUARTER_SECONDS, end * QUARTER_SECONDS)
        for provider, spans in HOURS.items()
        for start, end in spans
    ]
    booked = rows(url, "SELECT id, start_cell, end_cell FROM reservation ORDER BY id")
    assert [(number, start * SECONDS, end * SECONDS) for number, start, end in booked] == [
        (number, start * QUARTER_SECONDS, end * QUARTER_SECONDS)
        for number, _, _, start, end, _, _ in RESERVATIONS
    ]


async def test_live_reservations_block_exactly_their_time(migrated_url: str) -> None:
    async with open_integrity_check(migrated_url) as check:
        assert await check.run(NOW) == Checkup()
    cells = "SELECT cell FROM busy WHERE reservation_id = {} AND kind = 0 ORDER BY cell"
    for number, _, _, start, end, status, _ in RESERVATIONS:
        taken = [cell * SECONDS for (cell,) in rows(migrated_url, cells.format(number))]
        all_of_it = [*range(start * QUARTER_SECONDS, end * QUARTER_SECONDS, SECONDS)]
        assert taken == ([] if status == "cancelled" else all_of_it)


async def test_undoing_removes_what_publishing_added(migrated_url: str) -> None:
    async with opened(migrated_url) as database, database.transaction() as uow:
        emil = await person(uow, EMIL)
        done = await undo_publication(uow, POLICY, 5, emil, Inside.KEEP, NOW)
        again = await undo_publication(uow, POLICY, 6, emil, Inside.KEEP, NOW)
        assert [kept.id for kept in done.inside] == [23, 26]
        assert again.inside == ()
    left = rows(migrated_url, "SELECT DISTINCT provider_id FROM availability")
    assert left == [(WITH_DORA,)]


async def test_an_open_dialogue_keeps_its_choice(migrated_url: str) -> None:
    found = rows(
        migrated_url,
        "SELECT telegram_id, data FROM dialogue JOIN person ON person.id = person_id",
    )
    assert {account: json.loads(data) for account, data in found} == {
        BOB: {"provider": WITH_DORA, "start": QUARTER * (Q + 2), "moving": 0, "minutes": 555},
        ALICE: {"provider": WITH_DORA, "start": None, "part": "do"},
        EMIL: {"draft": 5, "start": 540},
        DORA: {},
    }


async def test_a_button_of_before_holds_the_time_that_it_showed(migrated_url: str) -> None:
    tap = read(f"bs:{WITH_DORA}:{Q + 41}:0")
    assert isinstance(tap, PickSlot)
    async with opened(migrated_url) as database, database.transaction() as uow:
        client = await person(uow, ALICE)
        held = await hold_slot(uow, POLICY, client, SlotChoice(tap.provider, tap.start), NOW)
    start = (Q + 41) * QUARTER_SECONDS
    assert in_seconds(held.span) == (start, start + QUARTER_SECONDS)


async def test_migrating_again_changes_nothing(migrated_url: str) -> None:
    before = all_rows(migrated_url)

    await migrate(migrated_url)

    assert all_rows(migrated_url) == before


async def test_the_history_tells_of_the_same_times(empty_database_url: str) -> None:
    await set_up(empty_database_url, "0007")
    await migrate(empty_database_url)

    found = rows(empty_database_url, "SELECT before, after FROM history ORDER BY revision")
    states = [json.loads(state) for row in found for state in row if state is not None]
    assert [(each["status"], each["provider"], each["start"], each["end"]) for each in states] == [
        (status, WITH_DORA, QUARTER * (Q + 4), QUARTER * (Q + 7))
        for status in ("held", "held", "confirmed")
    ]


@pytest.mark.engines("postgresql")
async def test_it_refuses_while_a_replica_of_the_previous_version_runs(
    empty_database_url: str,
) -> None:
    await set_up(empty_database_url, "0007")
    before = all_rows(empty_database_url)
    replica = await asyncpg.connect(empty_database_url)
    await replica.execute("SELECT pg_advisory_lock(5310209, 7)")

    with pytest.raises(DatabaseUnusable, match="stop all of them"):
        await migrate(empty_database_url)
    assert all_rows(empty_database_url) == before

    await replica.close()
    await migrate(empty_database_url)
