"""Providers for whom the bot can notify no one: not offered, not bookable, and known to admins."""

import asyncio
from datetime import datetime

import pytest

from domain import errors
from domain.choice import SlotChoice
from domain.person import Contact
from domain.provider import Provider, Role
from domain.usecases.choose_settings import choose_notifications
from domain.usecases.end_reservation import cancel_by_client, confirm_hold
from domain.usecases.hold_slot import hold_slot
from domain.usecases.reachability import announce_reachable, mark_unreachable
from storage.database import Database
from tests.kit.cells import QUARTER
from tests.kit.clinic import (
    ALICE,
    BOB,
    CARA,
    DORA,
    EMIL,
    NOW,
    OPENING,
    POLICY,
    SECOND,
    account_of,
    hold,
    open_clinic,
    refusal_of,
)
from tests.kit.raw_database import rows, run_sql

# Bob is an admin by the setting, Cara is one by name.
ADMIN_IDS = frozenset({account_of(BOB)})


@pytest.fixture
async def dora(database: Database) -> Provider:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
        await uow.people.make_admin(CARA, NOW)
    return dora


async def lose(database: Database, number: int, now: datetime = NOW) -> None:
    async with database.transaction() as uow:
        await mark_unreachable(uow, number, ADMIN_IDS, now)


async def write_again(database: Database, number: int, now: datetime = NOW) -> None:
    async with database.transaction() as uow:
        contact = Contact(account_of(number), f"Person {number}")
        await uow.people.record_contact(contact, now)
        await announce_reachable(uow, number, ADMIN_IDS, now)


async def offered(database: Database, client: int | None = ALICE) -> list[str]:
    async with database.snapshot() as uow:
        found = await uow.queries.find_providers("", for_client=client, offset=0, limit=9)
        assert await uow.queries.count_providers("", for_client=client) == len(found)
    return [provider.name for provider in found]


async def is_reachable(database: Database, provider: Provider) -> bool:
    async with database.snapshot() as uow:
        found = await uow.queries.provider(provider.id)
    assert found
    return found.reachable


def told(url: str, kind: str = "provider_unreachable") -> list[tuple[int, int]]:
    """Return whom the outbox tells of which unreachable provider."""
    return rows(
        url,
        f"SELECT recipient_id, subject_id FROM outbox WHERE kind = '{kind}'"
        " AND subject_kind = 'provider' ORDER BY due_at, recipient_id",
    )


async def test_a_provider_who_cannot_be_notified_is_not_offered_until_they_return(
    database: Database, dora: Provider
) -> None:
    assert await offered(database) == ["Dora", "Emil"]

    await lose(database, DORA)
    assert not await is_reachable(database, dora)
    assert await offered(database) == ["Emil"]
    assert await offered(database, None) == ["Dora", "Emil"]
    assert await refusal_of(database, ALICE, dora, OPENING) is errors.ProviderUnreachable

    await write_again(database, DORA)
    assert await is_reachable(database, dora)
    assert await offered(database) == ["Dora", "Emil"]
    assert await refusal_of(database, ALICE, dora, OPENING) is None


async def test_one_reachable_assistant_is_enough(database: Database, dora: Provider) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(BOB, dora.id, Role.ASSISTANT, NOW)

    await lose(database, DORA)
    assert await is_reachable(database, dora)
    assert told(database.url) == []

    await lose(database, BOB)
    assert not await is_reachable(database, dora)
    # Bob is an admin too, but cannot be told.
    assert told(database.url) == [(CARA, dora.id)]


async def test_a_provider_for_whom_no_one_acts_is_not_offered(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as uow:
        fay = await uow.providers.add("Fay", "fay", None, NOW)
    assert not await is_reachable(database, fay)
    assert await offered(database) == ["Dora", "Emil"]

    async with database.transaction() as uow:
        await uow.providers.appoint(BOB, fay.id, Role.ASSISTANT, NOW)
    assert await offered(database) == ["Dora", "Emil", "Fay"]


async def test_a_hold_made_before_cannot_be_confirmed_but_released(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    booked = await hold(database, ALICE, dora, OPENING + QUARTER)
    async with database.transaction() as uow:
        booked = await confirm_hold(uow, POLICY, booked.id, ALICE, NOW)
    await lose(database, DORA)

    async with database.transaction() as uow:
        with pytest.raises(errors.ProviderUnreachable):
            await confirm_hold(uow, POLICY, held.id, ALICE, NOW)
        # What is booked stays booked, and double taps answer as before.
        assert await confirm_hold(uow, POLICY, booked.id, ALICE, NOW) == booked
        choice = SlotChoice(dora.id, OPENING)
        assert await hold_slot(uow, POLICY, ALICE, choice, NOW) == held
        await cancel_by_client(uow, POLICY, held.id, ALICE, NOW)


async def test_admins_are_told_once_for_each_loss(database: Database, dora: Provider) -> None:
    await lose(database, DORA)
    await lose(database, DORA, NOW + SECOND)
    assert told(database.url) == [(BOB, dora.id), (CARA, dora.id)]

    await write_again(database, DORA, NOW + 2 * SECOND)
    await lose(database, DORA, NOW + 3 * SECOND)
    await lose(database, DORA, NOW + 4 * SECOND)
    assert told(database.url) == [(BOB, dora.id), (CARA, dora.id)] * 2


async def test_the_admins_who_are_told_of_a_loss_are_told_once_of_the_return(
    database: Database, dora: Provider
) -> None:
    await write_again(database, DORA)
    assert told(database.url, "provider_reachable") == []

    for at in (10, 20):
        await lose(database, DORA, NOW + at * SECOND)
        await write_again(database, DORA, NOW + (at + 1) * SECOND)
        await write_again(database, DORA, NOW + (at + 2) * SECOND)

    assert told(database.url, "provider_reachable") == [(BOB, dora.id), (CARA, dora.id)] * 2


@pytest.mark.parametrize("state", ["due", "sent", "skipped", "withheld", "parked"])
async def test_a_return_is_told_only_if_the_loss_was_or_will_be(
    database: Database, dora: Provider, state: str
) -> None:
    await lose(database, DORA)
    run_sql(database.url, f"UPDATE outbox SET state = '{state}' WHERE recipient_id = {BOB}")
    await write_again(database, DORA, NOW + SECOND)

    answered = [BOB, CARA] if state in {"due", "sent"} else [CARA]
    assert told(database.url, "provider_reachable") == [(each, dora.id) for each in answered]


async def test_the_loss_of_someone_who_acts_for_no_one_is_not_reported(
    database: Database, dora: Provider
) -> None:
    await lose(database, ALICE)

    assert told(database.url) == []
    assert await offered(database) == ["Dora", "Emil"]


async def test_the_loss_of_an_assistant_of_two_is_reported_for_those_left_alone(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as uow:
        fay = await uow.providers.add("Fay", "fay", None, NOW)
        for provider in (dora, fay):
            await uow.providers.appoint(EMIL, provider.id, Role.ASSISTANT, NOW)
        emil = await uow.queries.provider_by_slug("emil")
    assert emil

    await lose(database, EMIL)

    assert sorted(told(database.url)) == [
        (BOB, emil.id),
        (BOB, fay.id),
        (CARA, emil.id),
        (CARA, fay.id),
    ]


async def test_of_two_lost_at_once_one_is_reported(database: Database, dora: Provider) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(EMIL, dora.id, Role.ASSISTANT, NOW)

    await asyncio.gather(lose(database, DORA), lose(database, EMIL))
    assert [number for number, subject in told(database.url) if subject == dora.id] == [BOB, CARA]


async def test_who_wants_no_notifications_does_not_make_a_provider_reachable(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(BOB, dora.id, Role.ASSISTANT, NOW)
        await choose_notifications(uow, DORA, dora.id, wanted=False)
    assert await is_reachable(database, dora)

    await lose(database, BOB)
    assert not await is_reachable(database, dora)
    assert told(database.url) == [(CARA, dora.id)]
    await lose(database, DORA, NOW + SECOND)
    assert (CARA, dora.id) in told(database.url)
    assert [subject for number, subject in told(database.url)].count(dora.id) == 1


async def test_the_last_to_be_notified_cannot_end_it(database: Database, dora: Provider) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(BOB, dora.id, Role.ASSISTANT, NOW)
    await lose(database, BOB)

    with pytest.raises(errors.NoOneNotified) as refused:
        async with database.transaction() as uow:
            await choose_notifications(uow, DORA, dora.id, wanted=False)
    assert refused.value.values == {"provider": "Dora"}
    assert await is_reachable(database, dora)


async def test_of_two_who_end_their_notifications_at_once_one_is_refused(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(BOB, dora.id, Role.ASSISTANT, NOW)

    async def end(person: int) -> None:
        async with database.transaction() as uow:
            await choose_notifications(uow, person, dora.id, wanted=False)

    ended = await asyncio.gather(end(DORA), end(BOB), return_exceptions=True)
    [refusal] = [each for each in ended if each is not None]
    assert isinstance(refusal, errors.NoOneNotified)
    assert await is_reachable(database, dora)
