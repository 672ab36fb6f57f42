"""Removing assistants in real transactions: rights, notifications and the last reachable person."""

import asyncio

import pytest

from domain import errors
from domain.invitation import InvitationKind
from domain.person import Contact
from domain.provider import Assistance, Provider, Role
from domain.usecases.dismiss import dismiss
from domain.usecases.invite import accept_invitation, add_invitation
from storage.database import Database
from tests.kit.clinic import ALICE, BOB, CARA, DORA, EMIL, NOW, account_of, open_clinic
from tests.kit.raw_database import all_rows, rows

ADMIN_IDS = frozenset({account_of(CARA)})


@pytest.fixture
async def fay(database: Database) -> Provider:
    """Return a provider without Telegram, whom Alice and Bob assist."""
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
        fay = await uow.providers.add("Fay", "fay", None, NOW)
        for number, provider in ((BOB, fay), (ALICE, fay), (ALICE, dora)):
            await uow.providers.appoint(number, provider.id, Role.ASSISTANT, NOW)
    return fay


async def remove(
    database: Database, number: int, provider_id: int, *, even_last: bool = False
) -> Assistance:
    """Cara, who is an admin, removes an assistant."""
    async with database.transaction() as uow:
        cara = await uow.queries.person(CARA)
        assert cara
        return await dismiss(uow, cara, ADMIN_IDS, number, provider_id, NOW, even_last=even_last)


def acting(database: Database, provider: Provider) -> list[int]:
    """Return the numbers of the people who act for a provider."""
    found = rows(
        database.url, f"SELECT person_id FROM acts_for WHERE provider_id = {provider.id} ORDER BY 1"
    )
    return [number for (number,) in found]


async def test_the_assistants_are_listed_by_name_once_for_each_provider(
    database: Database, fay: Provider
) -> None:
    async with database.snapshot() as uow:
        found = await uow.queries.assistants(offset=0, limit=9)
        second = await uow.queries.assistants(offset=1, limit=1)
        alice = await uow.queries.person(ALICE)
        assert await uow.queries.count_assistants() == 3

    assert [(each.assistant.id, each.provider.name) for each in found] == [
        (ALICE, "Dora"),
        (ALICE, "Fay"),
        (BOB, "Fay"),
    ]
    assert found[1].assistant == alice
    assert second == found[1:2]


async def test_a_removed_assistant_and_those_who_stay_are_notified(
    database: Database, fay: Provider
) -> None:
    gone = await remove(database, BOB, fay.id)

    assert (gone.assistant.id, gone.provider.name) == (BOB, "Fay")
    assert acting(database, fay) == [ALICE]
    told = "SELECT recipient_id, kind, subject_kind, subject_id FROM outbox"
    assert rows(database.url, told) == [
        (BOB, "assistant_removed", "provider", fay.id),
        (ALICE, "left", "person", BOB),
    ]


@pytest.mark.parametrize("number", [DORA, EMIL, BOB, 0])
async def test_only_an_assistant_of_the_provider_can_be_removed(
    database: Database, fay: Provider, number: int
) -> None:
    async with database.snapshot() as uow:
        dora = await uow.queries.provider_by_slug("dora")
        assert dora
    before = all_rows(database.url)
    with pytest.raises(errors.AssistantUnknown):
        await remove(database, number, dora.id, even_last=True)

    assert all_rows(database.url) == before


async def test_the_last_person_who_can_be_notified_is_removed_only_knowingly(
    database: Database, fay: Provider
) -> None:
    async with database.transaction() as uow:
        await uow.people.mark_unreachable(BOB, NOW)
    with pytest.raises(errors.LastReachable):
        await remove(database, ALICE, fay.id)
    assert acting(database, fay) == [ALICE, BOB]

    await remove(database, ALICE, fay.id, even_last=True)
    assert acting(database, fay) == [BOB]
    async with database.snapshot() as uow:
        left = await uow.queries.provider(fay.id)
        assert left
        assert not left.reachable


async def test_two_admins_do_not_remove_the_last_two_people_at_once(
    database: Database, fay: Provider
) -> None:
    results = await asyncio.gather(
        *(remove(database, number, fay.id) for number in (ALICE, BOB)), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == ["Assistance", "LastReachable"]
    assert len(acting(database, fay)) == 1


async def test_of_a_removal_and_a_handover_at_once_the_new_provider_stays(
    database: Database, fay: Provider
) -> None:
    async with database.transaction() as uow:
        code, _ = await add_invitation(uow, InvitationKind.HANDOVER, NOW, provider_id=fay.id)

    async def take_over() -> None:
        async with database.transaction() as uow:
            bob = await uow.people.record_contact(Contact(account_of(BOB), "Bob"), NOW)
            await accept_invitation(uow, bob, Contact(account_of(BOB), "Bob"), code, NOW)

    ends = await asyncio.gather(take_over(), remove(database, BOB, fay.id), return_exceptions=True)
    refused = [type(each) for each in ends if isinstance(each, BaseException)]
    # The removal was first, or came too late: Bob is no assistant any more.
    assert refused in ([], [errors.AssistantUnknown])
    assert rows(
        database.url,
        f"SELECT person_id FROM acts_for WHERE role = 'self' AND provider_id = {fay.id}",
    ) == [(BOB,)]
