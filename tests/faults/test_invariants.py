"""The invariant checks report nothing in a correct state, and find each kind of violation."""

import re
import sqlite3
from contextlib import closing

import pytest

from simulator.faults import FaultKind
from tests.faults.invariants import broken_invariants, broken_invariants_now
from tests.faults.scenario import ACTS, Scenario, confirm, hold, publish
from tests.kit.chat import ChatUser
from tests.kit.raw_database import run_sql

SET = "UPDATE reservation SET"
# Changes made directly in the database after a hold and a confirmed one, and part of the report.
FORGED = {
    f"{SET} start_cell = start_cell - 1 WHERE id = 2": "reservations 1 and 2 overlap",
    "DELETE FROM busy WHERE reservation_id = 2": "Live reservations do not block all of their time",
    "INSERT INTO busy SELECT kind, 77, cell, 1, hold_until FROM busy WHERE reservation_id = 1": (
        "cell (0, 77"
    ),
    f"{SET} status = 'completed' WHERE id = 2": "reads that 2 is confirmed, but it is completed",
    f"{SET} status = 'cancelled', ended_by = 'client' WHERE id = 1": "is held, but it is cancelled",
    "DELETE FROM reservation WHERE id = 1": "reads that 1 is held, but it is None",
    f"{SET} client_id = (SELECT client_id FROM reservation WHERE id = 2) WHERE id = 1": (
        "1001 was shown the reservation 1, which is not theirs"
    ),
    "UPDATE outbox SET state = 'parked', error = 'x' WHERE kind = 'booking_confirmed'": (
        "a booking_confirmed is parked: x"
    ),
    f"{SET} status = 'cancelled', ended_by = 'provider' WHERE id = 2": "❌ was not sent for (1002,",
    f"{SET} status = 'cancelled', ended_by = 'client' WHERE id = 2": "cancellation was not sent",
    f"{SET} status = 'expired' WHERE id = 1": "⌛ was not sent for (1001,",
    "DELETE FROM outbox WHERE kind = 'hold_warning'": "warnings",
    "INSERT INTO failed_update VALUES (5, 3, 'x', 1, 1)": "update 5 was set aside: x",
    "UPDATE draft SET state = 'open'": "1000 reads that hours 1 are published, but they are open",
    "INSERT INTO availability SELECT provider_id, end_cell + 3, start_cell FROM availability": (
        "hours overlap or are not merged"
    ),
}
# Permanent faults of a method.
UNANSWERED = {
    ("sendMessage", FaultKind.SERVER_ERROR): "1001 wrote /book and was not answered",
    ("answerCallbackQuery", FaultKind.SERVER_ERROR): "was left unanswered",
}


async def perform_all_acts(scenario: Scenario) -> list[ChatUser]:
    """Perform each act without faults and return everyone."""
    for act in ACTS.values():
        await scenario.bot.processes(await act(scenario))
        await scenario.bot.settles()
    return [*scenario.people, scenario.dora]


async def test_nothing_is_reported_without_faults(scenario: Scenario) -> None:
    assert await broken_invariants(scenario.bot, *await perform_all_acts(scenario)) == []


async def hold_confirm_and_publish(scenario: Scenario) -> list[ChatUser]:
    """One client holds a time, another confirms one, and the provider publishes hours."""
    for act in (hold, confirm, publish):
        await scenario.bot.processes(await act(scenario))
        await scenario.bot.settles()
    return [*scenario.people, scenario.dora]


@pytest.mark.engines("sqlite")
async def test_each_violation_is_found(scenario: Scenario) -> None:
    people, url = await hold_confirm_and_publish(scenario), scenario.bot.app.database.url
    with (
        closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database,
        closing(sqlite3.connect(":memory:")) as original,
    ):
        database.backup(original)
        for sql, complaint in FORGED.items():
            run_sql(url, sql)
            found = await broken_invariants_now(scenario.bot, *people)
            assert any(complaint in sentence for sentence in found), (sql, found)
            original.backup(database)

    assert await broken_invariants_now(scenario.bot, *people) == []


@pytest.mark.engines("sqlite")
async def test_a_repeated_notice_is_found_and_can_be_allowed(scenario: Scenario) -> None:
    people, bot = await hold_confirm_and_publish(scenario), scenario.bot
    notice = next(
        call
        for call in bot.simulator.transcript.calls_of("sendMessage")
        if call.params["text"].startswith("📅")
    )
    await bot.simulator.call("sendMessage", notice.params)

    assert await broken_invariants_now(bot, *people) == ["1 repeated notices, at most 0 expected"]
    assert await broken_invariants_now(bot, *people, repeats=1) == []

    await bot.simulator.call(
        "sendMessage", {"chat_id": people[0].id, "text": "It is Client 2. who comes"}
    )
    assert await broken_invariants_now(bot, *people, repeats=1) == [
        f"{people[0].id} was shown the name Client 2., which is not theirs"
    ]


@pytest.mark.engines("sqlite")
async def test_a_cancellation_sent_without_its_booking_is_found(scenario: Scenario) -> None:
    people, bot = await hold_confirm_and_publish(scenario), scenario.bot
    await people[1].taps("Cancel booking")
    await people[1].taps("Yes, cancel booking")
    [notice] = [
        call
        for call in bot.simulator.transcript.calls_of("sendMessage")
        if "</b> cancelled:" in call.params["text"]
    ]
    assert await broken_invariants_now(bot, *people) == []

    other = re.sub(
        r'unix="(\d+)"',
        lambda found: f'unix="{int(found[1]) - 9_000}"',
        notice.params["text"],
        count=1,
    )
    await bot.simulator.call("sendMessage", {**notice.params, "text": other})
    found = await broken_invariants_now(bot, *people, repeats=1)
    assert len(found) == 1
    assert found[0].endswith("was sent as cancelled, but the booking was never announced")


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(("method", "kind"), UNANSWERED)
async def test_a_person_who_is_not_answered_is_found(
    scenario: Scenario, method: str, kind: FaultKind
) -> None:
    people = await hold_confirm_and_publish(scenario)
    scenario.expected_warnings = ("was left unanswered",)
    scenario.bot.simulator.faults.add(kind, method=method, times=None)
    people[0].person.taps("Release")

    found = await broken_invariants(scenario.bot, *people)
    assert any(UNANSWERED[method, kind] in sentence for sentence in found), found
