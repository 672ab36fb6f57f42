"""The migration that numbers people, on a database of the version before it with rows in it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from domain.choice import SlotChoice
from domain.operations.card import Card
from domain.operations.integrity import Checkup, SetAside
from domain.operations.outbox import MISSED, OutboxRow
from domain.person import Contact
from domain.posting import Draft
from domain.provider import Role
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from storage.engine.sqlite_file import DatabaseUnusable
from storage.maintenance.integrity import open_integrity_check
from storage.maintenance.migrate import migrate
from tests.kit.cells import QUARTER
from tests.kit.clinic import NOW, OPENING, POLICY, SECOND
from tests.kit.databases import create_shape, opened
from tests.kit.raw_database import all_rows, literal, micros, rows, run_sql
from tests.storage.audit import claims, overlaps

# Telegram ids, in the order in which people first wrote. Those of Two, Dora and Lost are also the
# new numbers of Bob, Two and Emil.
ALICE, BOB, TWO, DORA, EMIL, LOST = ACCOUNTS = (7_000_000_001, 1_234, 2, 3, 90, 5)
NUMBERS = {account: number for number, account in enumerate(ACCOUNTS, start=1)}
# They have never written.
GROUP, FORMER_ADMIN = -100_123, 4_711
WITH_DORA, WITH_EMIL = 11, 12
MANY = 10_000
FUTURE = 5_000
OVER = NOW + POLICY.hold_duration
# Cells were quarter-hours.
START = OPENING // QUARTER


def old_rows(url: str) -> Iterator[str]:
    """Yield the statements that fill a database of the previous version."""

    def at(later: timedelta) -> str:
        return literal(url, NOW + later)

    now, end, none = at(timedelta()), literal(url, OVER), "NULL"
    over = f"NULL, {now}, {now}"
    for account in sorted(ACCOUNTS):
        first = at(NUMBERS[account] * SECOND)
        zone = "'Asia/Tokyo'" if account == DORA else none
        lost = now if account == LOST else none
        yield (
            "INSERT INTO client (id, name, username, language, time_zone, unreachable_since,"
            f" first_seen_at) VALUES ({account}, 'Person {account}', 'p{account}', 'de', {zone},"
            f" {lost}, {first})"
        )
    for number, account, name in ((WITH_DORA, DORA, "Dora"), (WITH_EMIL, EMIL, "Emil")):
        yield (
            "INSERT INTO provider (id, client_id, name, name_key, slug, joined_at) VALUES"
            f" ({number}, {account}, '{name}', '{name.lower()}', '{name.lower()}', {now})"
        )
        yield f"INSERT INTO availability VALUES ({number}, {START + 32}, {START})"
    yield f"INSERT INTO draft VALUES (5, {WITH_EMIL}, '[]', '[]', 'open', NULL, {now})"
    if url.startswith("postgresql:"):
        yield "SELECT setval(pg_get_serial_sequence('draft', 'id'), 5)"
    yield f"INSERT INTO invitation VALUES ('open', {DORA}, {now}, {end}, NULL, NULL)"
    yield f"INSERT INTO invitation VALUES ('used', {FORMER_ADMIN}, {now}, {end}, {EMIL}, {now})"
    for number, provider, account, start, status, *rest in (
        (21, WITH_DORA, ALICE, 0, "held", f"{end}, NULL, NULL, NULL, NULL, 71, 72, {now}"),
        (22, WITH_EMIL, TWO, 0, "held", f"{end}, NULL, NULL, NULL, NULL, 71, NULL, NULL"),
        (23, WITH_DORA, BOB, 1, "confirmed", f"NULL, {now}, NULL, NULL, NULL, NULL, NULL, NULL"),
        (25, WITH_DORA, ALICE, 2, "cancelled", over, "'client', NULL, 74, NULL, NULL"),
        (26, WITH_EMIL, LOST, 2, "cancelled", over, "'provider', 'Flu', 75, NULL, NULL"),
        (27, WITH_EMIL, ALICE, 3, "expired", f"{now}, NULL, {now}, NULL, NULL, 76, NULL, NULL"),
    ):
        yield (
            "INSERT INTO reservation (id, provider_id, client_id, start_cell, end_cell, status,"
            " held_at, expires_at, confirmed_at, ended_at, ended_by, reason, card_message_id,"
            f" notice_message_id, first_held_at) VALUES ({number}, {provider}, {account},"
            f" {START + start}, {START + start + 1}, '{status}', {now}, {', '.join(rest)})"
        )
    # The first half is past, the second half lies ahead.
    yield f"""WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {MANY})
        INSERT INTO reservation
        (id, provider_id, client_id, start_cell, end_cell, status, held_at, confirmed_at)
        SELECT 1000 + n, CASE WHEN n > {FUTURE} THEN {WITH_DORA} ELSE {WITH_EMIL} END,
        CASE n % 3 WHEN 0 THEN {BOB} WHEN 1 THEN {TWO} ELSE {LOST} END,
        {START} + CASE WHEN n > {FUTURE} THEN 100 ELSE -20000 END + n,
        {START} + CASE WHEN n > {FUTURE} THEN 100 ELSE -20000 END + n + 1,
        CASE WHEN n > {FUTURE} THEN 'confirmed' ELSE 'completed' END, {now}, {now} FROM up"""
    yield """INSERT INTO busy (kind, subject, cell, reservation_id, hold_until)
        SELECT kind, CASE kind WHEN 0 THEN provider_id ELSE client_id END, start_cell, id,
        expires_at FROM reservation, (SELECT 0 AS kind UNION ALL SELECT 1) kinds
        WHERE status IN ('held', 'confirmed')"""
    for account in (TWO, BOB):
        data = f'{{"of": {account}}}'
        yield f"INSERT INTO dialogue VALUES ({account}, 'booking', 'day', '{data}', 7, {now})"
    for number, account, kind, reservation, payload, due, attempts, state in (
        (1, ALICE, "reply", none, """'{"actions": [1]}'""", 0, 1, "due"),
        (2, GROUP, "reply", none, "'{}'", 0, 0, "due"),
        (3, ALICE, "hold_warning", 21, none, 25 * 60, 0, "due"),
        (4, DORA, "booking_confirmed", 23, none, 1, 0, "due"),
        (5, DORA, "cancelled_by_client", 25, none, 2, 0, "due"),
        (6, LOST, "cancelled_by_provider", 26, none, 0, 0, "withheld"),
        (7, ALICE, "hold_expired", 27, """'{"not_delivered": 1}'""", 3, 1, "due"),
        (8, EMIL, "digest", none, """'{"failed": 2}'""", 4, 0, "due"),
        (9, FORMER_ADMIN, "digest", none, """'{"failed": 2}'""", 4, 0, "due"),
        (10, EMIL, "booking_confirmed", 26, none, 0, 1, "sent"),
    ):
        settled = none if state == "due" else now
        leased = f"{at(-SECOND)}, 7" if number == 1 else "NULL, NULL"
        yield (
            "INSERT INTO outbox (id, recipient_id, kind, reservation_id, payload, due_at,"
            " attempts, state, settled_at, lease_until, leased_by) VALUES"
            f" ({number}, {account}, '{kind}', {reservation}, {payload}, {at(due * SECOND)},"
            f" {attempts}, '{state}', {settled}, {leased})"
        )
    yield f"INSERT INTO worked_update VALUES (1, {now}, {ALICE}, 7, 0, 99)"
    yield f"INSERT INTO worked_update VALUES (2, {now}, NULL, NULL, NULL, NULL)"
    yield f"INSERT INTO failed_update VALUES (3, 3, 'KeyError', {now}, 1)"
    yield f"INSERT INTO incident VALUES ('refused', 2, 'error', {now})"
    yield f"INSERT INTO digest VALUES (1, {now})"
    yield f"INSERT INTO chat VALUES ({ALICE}, 71, 'digest', NULL, NULL)"
    yield f"INSERT INTO place VALUES (1, {now})"


async def set_up(url: str) -> None:
    """Create a database of the previous version and fill it."""
    await create_shape(url, "0006")
    run_sql(url, "; ".join(old_rows(url)))


@pytest.fixture
async def old(empty_database_url: str) -> dict[str, list[Any]]:
    """The rows of the database before the migration, which has run since."""
    await set_up(empty_database_url)
    before = all_rows(empty_database_url)
    await migrate(empty_database_url)
    return before


def of(url: str, table: str, columns: str) -> list[Any]:
    """Return rows with the Telegram id of their person, in order."""
    who = {"reservation": "client_id", "acts_for": "person_id", "dialogue": "person_id"}
    joined = f"{table} JOIN person ON person.id = {who[table]}"
    return sorted(rows(url, f"SELECT person.telegram_id, {columns} FROM {joined}"), key=repr)


RENAMED = {"client": "person", "worked_update": "processed_update"}
UNCHANGED = ("draft", "failed_update", "incident", "digest", "chat")


async def test_no_row_is_lost(empty_database_url: str, old: dict[str, list[Any]]) -> None:
    after = all_rows(empty_database_url)

    assert {name: after[name] for name in UNCHANGED} == {name: old[name] for name in UNCHANGED}
    counts = {RENAMED.get(name, name): len(found) for name, found in old.items()}
    del counts["place"]
    counts["busy"] *= QUARTER
    assert {name: len(found) for name, found in after.items()} == {
        **counts,
        "acts_for": 2,
        "card": 5,
        "history": 0,
        "permit": 0,
    }
    assert after["processed_update"] == old["worked_update"]


async def test_people_are_numbered_in_the_order_in_which_they_first_wrote(
    empty_database_url: str, old: dict[str, list[Any]]
) -> None:
    url = empty_database_url

    assert dict(rows(url, "SELECT telegram_id, id FROM person")) == NUMBERS
    names = (
        "name, username, telegram_language, language, time_zone, unreachable_since, first_seen_at"
    )
    assert sorted(rows(url, f"SELECT telegram_id, {names} FROM person"), key=repr) == old["client"]


async def test_every_relation_points_to_the_same_person_as_before(
    empty_database_url: str, old: dict[str, list[Any]]
) -> None:
    url = empty_database_url

    reservations = of(url, "reservation", "reservation.id, provider_id, status, start_cell")
    assert reservations == sorted(
        ((row[2], row[0], row[1], row[5], row[3] * QUARTER) for row in old["reservation"]), key=repr
    )
    assert of(url, "acts_for", "provider_id, role, since") == sorted(
        [(EMIL, WITH_EMIL, "self", micros(NOW)), (DORA, WITH_DORA, "self", micros(NOW))], key=repr
    )
    assert [row[:2] for row in of(url, "dialogue", "data")] == sorted(
        [(account, f'{{"of": {account}}}') for account in (TWO, BOB)], key=repr
    )
    invitations = "digest, kind, provider_id, invited_by, used_by"
    assert sorted(rows(url, f"SELECT {invitations} FROM invitation")) == [
        ("open", "provider", None, NUMBERS[DORA], None),
        ("used", "provider", None, None, NUMBERS[EMIL]),
    ]
    assert rows(url, "SELECT slug, time_zone FROM provider ORDER BY id") == [
        ("dora", "Asia/Tokyo"),
        ("emil", None),
    ]
    assert rows(url, "SELECT DISTINCT revision FROM reservation") == [(1,)]


async def test_the_busy_cells_are_those_of_the_same_people(
    empty_database_url: str, old: dict[str, list[Any]]
) -> None:
    url = empty_database_url

    assert len(old["busy"]) == 2 * (MANY - FUTURE + 3)
    assert all_rows(url)["busy"] == sorted(
        (
            (kind, NUMBERS[subject] if kind else subject, cell * QUARTER + n, *rest)
            for kind, subject, cell, *rest in old["busy"]
            for n in range(QUARTER)
        ),
        key=repr,
    )
    assert overlaps(claims(url)) == []
    async with open_integrity_check(url) as check:
        found = await check.run(NOW)
    aside = SetAside(1, "KeyError")
    assert found == Checkup(oldest_due=timedelta(), unreachable=1, set_aside=aside)


async def deliver(database: Database, now: datetime) -> list[OutboxRow]:
    """Claim and settle what is due, in order."""
    delivered: list[OutboxRow] = []
    async with database.transaction() as uow:
        while claimed := await uow.outbox.claim(now, 20):
            for row in claimed:
                await uow.outbox.record_result(row, "sent", now)
            delivered += claimed
    return delivered


async def test_everything_owed_is_still_delivered_in_order_to_the_same_chat(
    empty_database_url: str, old: dict[str, list[Any]]
) -> None:
    async with opened(empty_database_url) as database:
        early = await deliver(database, NOW + 4 * SECOND)
        late = await deliver(database, OVER)

    def seen(row: OutboxRow) -> tuple[int, int, int | None, str, int | None, int | None]:
        return row.chat_id, row.id, row.recipient_id, row.kind, row.reservation_id, row.revision

    alice, dora, emil = NUMBERS[ALICE], NUMBERS[DORA], NUMBERS[EMIL]
    # The order of chats does not matter; sorting keeps that of the rows of each chat.
    assert sorted(map(seen, early), key=lambda row: row[0]) == [
        (GROUP, 2, None, "reply", None, None),
        (DORA, 4, dora, "booking_confirmed", 23, 1),
        (DORA, 5, dora, "cancelled_by_client", 25, 1),
        (EMIL, 8, emil, "digest", None, None),
        (FORMER_ADMIN, 9, None, "digest", None, None),
        (ALICE, 1, alice, "reply", None, None),
        (ALICE, 7, alice, "hold_expired", 27, 1),
    ]
    payloads = {row.id: row.payload for row in early}
    assert [payloads[number] for number in (1, 7, 8)] == [
        {"actions": [1]},
        {"not_delivered": 1},
        {"failed": 2},
    ]
    assert [seen(row) for row in late] == [(ALICE, 3, alice, "hold_warning", 21, 1)]


async def test_what_was_withheld_is_told_when_the_person_writes_again(
    empty_database_url: str, old: dict[str, list[Any]]
) -> None:
    async with opened(empty_database_url) as database, database.transaction() as uow:
        lost = await uow.people.record_contact(Contact(LOST, "Lost"), NOW)
        assert (lost.id, lost.unreachable_since) == (NUMBERS[LOST], NOW)
        await uow.outbox.resume(lost, NOW)
        [row] = (await uow.outbox.withheld(LOST, 50)).rows
        assert (row.id, row.recipient_id, row.reservation_id) == (6, NUMBERS[LOST], 26)
        kinds = [row.kind for row in await uow.outbox.claim(NOW, 20) if row.chat_id == LOST]
    assert kinds == [MISSED]


async def test_cards_are_found_by_chat_and_message(
    empty_database_url: str, old: dict[str, list[Any]]
) -> None:
    async with opened(empty_database_url) as database, database.snapshot() as uow:
        assert await uow.cards.of(21) == Card(71, 72)
        assert await uow.cards.of(23) == Card()
        # Numbers of messages are those of a chat.
        assert await uow.cards.shown_on(ALICE, 71) == 21
        assert await uow.cards.shown_on(TWO, 71) == 22


async def test_people_continue_with_what_they_had(
    empty_database_url: str, old: dict[str, list[Any]]
) -> None:
    async with opened(empty_database_url) as database, database.transaction() as uow:
        alice = await uow.queries.account(ALICE)
        assert alice
        booking = await confirm_hold(uow, POLICY, 21, alice.id, NOW)
        assert booking.revision == 2
        [dora] = await uow.queries.acting_for(NUMBERS[DORA])
        assert (dora.provider.id, dora.role) == (WITH_DORA, Role.SELF)
    told = "SELECT recipient_id, chat_id FROM outbox WHERE subject_id = 21 AND revision = 2"
    assert rows(empty_database_url, told) == [(NUMBERS[DORA], DORA)]


async def test_numbering_continues(empty_database_url: str, old: dict[str, list[Any]]) -> None:
    async with opened(empty_database_url) as database, database.transaction() as uow:
        newcomer = await uow.people.record_contact(Contact(8, "New"), NOW)
        provider = await uow.providers.add("Fay", "fay", None, NOW)
        draft = await uow.drafts.add(provider.id, Draft(0, provider.id), NOW)
        await uow.providers.appoint(newcomer.id, provider.id, Role.SELF, NOW)
        choice = SlotChoice(WITH_EMIL, OPENING + 5 * QUARTER)
        held = await hold_slot(uow, POLICY, newcomer.id, choice, NOW)
        reply = await uow.outbox.reply(8, newcomer.id, {}, NOW)

    assert newcomer.id == len(ACCOUNTS) + 1
    assert (provider.id, draft.id, held.id) == (WITH_EMIL + 1, 6, 1000 + MANY + 1)
    # The warning of the hold comes first.
    assert reply.id == 12


async def test_migrating_again_changes_nothing(
    empty_database_url: str, old: dict[str, list[Any]]
) -> None:
    before = all_rows(empty_database_url)

    await migrate(empty_database_url)

    assert all_rows(empty_database_url) == before


@pytest.mark.engines("postgresql")
async def test_it_refuses_while_a_replica_of_the_previous_version_runs(
    empty_database_url: str,
) -> None:
    await set_up(empty_database_url)
    before = all_rows(empty_database_url)
    replica = await asyncpg.connect(empty_database_url)
    await replica.execute("SELECT pg_advisory_lock(5310209, 7)")

    with pytest.raises(DatabaseUnusable, match="stop all of them"):
        await migrate(empty_database_url)
    assert all_rows(empty_database_url) == before

    await replica.close()
    await migrate(empty_database_url)
    assert len(all_rows(empty_database_url)["person"]) == len(ACCOUNTS)


@pytest.mark.engines("postgresql")
async def test_locks_of_chats_and_of_other_programs_do_not_prevent_it(
    empty_database_url: str,
) -> None:
    await set_up(empty_database_url)
    other = await asyncpg.connect(empty_database_url)
    for lock in ("5310209", "5310210, 7", str(ALICE)):
        await other.execute(f"SELECT pg_advisory_lock({lock})")

    await migrate(empty_database_url)

    await other.close()
    assert len(all_rows(empty_database_url)["person"]) == len(ACCOUNTS)
