"""Joining in real transactions: providers and their names, assistants, handovers and admins."""

from datetime import datetime, timedelta

import pytest

from domain import errors
from domain.invitation import InvitationKind
from domain.person import Contact, name_from_telegram
from domain.provider import Provider, Role
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.invite import (
    accept_invitation,
    add_invitation,
    add_provider,
    handover_of,
    invite,
)
from domain.usecases.name_provider import name_provider
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
from tests.kit.raw_database import all_rows, rows

ADMIN = 900


async def invited(database: Database) -> str:
    async with database.transaction() as work:
        admin = await work.people.record_contact(Contact(ADMIN, "Admin"), NOW)
        code, _ = await add_invitation(work, InvitationKind.PROVIDER, NOW, invited_by=admin.id)
    return code


async def join(
    database: Database, guest: Contact, code: str | None = None, *, now: datetime = NOW
) -> Provider:
    code = code or await invited(database)
    async with database.transaction() as work:
        person = await work.people.record_contact(guest, now)
        _, provider = await accept_invitation(work, person, guest, code, now)
    assert provider
    return provider


@pytest.mark.parametrize(
    ("known", "username", "name"),
    [
        ("Dora", None, "Dora"),
        ("Dora \u202eDent", "dora", "Dora Dent"),
        ("<b>Dora</b>", None, "<b>Dora</b>"),
        ("😀", None, "😀"),
        ("   ", "dora_d", "dora_d"),
        ("\u200f\u200e", "dora_d", "dora_d"),
        ("\u200f\u200e", None, "100"),
        ("D" * 200, None, "D" * 64),
        (" " * 80 + "Dora", None, "Dora"),
    ],
)
async def test_a_new_provider_has_a_readable_name(
    database: Database, known: str, username: str | None, name: str
) -> None:
    guest = Contact(100, known, username)
    assert name_from_telegram(guest) == name
    assert (await join(database, guest)).name == name


async def test_two_providers_of_the_same_name_get_different_valid_slugs(database: Database) -> None:
    name = "a" * 27 + " " + "b" * 27
    slugs = [(await join(database, Contact(100 + number, name))).slug for number in range(3)]

    assert slugs == ["a" * 27 + "-bbbb", "a" * 27 + "-2", "a" * 27 + "-3"]


async def test_the_slug_follows_the_name_only_while_joining(database: Database) -> None:
    guest = Contact(100, "Dora")
    own = (await join(database, guest)).id
    async with database.transaction() as work:
        number = (await work.people.record_contact(guest, NOW)).id
        joining = await name_provider(work, number, own, "Dr. Dora", keep_slug=False)
        same = await name_provider(work, number, own, "Dr.  Dora", keep_slug=False)
        later = await name_provider(work, number, own, "Dora Dent", keep_slug=True)

    assert [joining.slug, same.slug, later.slug] == ["dr-dora"] * 3
    assert later.name == "Dora Dent"


async def test_an_invitation_is_valid_for_a_week_and_belongs_to_who_accepts_it(
    database: Database,
) -> None:
    code, dora, emil = await invited(database), Contact(100, "Dora"), Contact(200, "Emil")
    first = await join(database, dora, code, now=NOW + timedelta(days=7, seconds=-1))

    assert await join(database, dora, code, now=NOW + timedelta(days=30)) == first
    with pytest.raises(errors.InvitationUsed):
        await join(database, emil, code)
    late = await invited(database)
    with pytest.raises(errors.InvitationExpired):
        await join(database, emil, late, now=NOW + timedelta(days=7))
    with pytest.raises(errors.AlreadyProvider):
        await join(database, dora, late)
    assert (await join(database, emil, late)).name == "Emil"


async def open_link(
    database: Database, number: int, code: str, now: datetime = NOW
) -> tuple[InvitationKind, Provider | None]:
    """A person of the clinic opens the link of an invitation."""
    async with database.transaction() as work:
        person = await work.queries.person(number)
        assert person
        contact = Contact(account_of(number), f"Person {number}")
        return await accept_invitation(work, person, contact, code, now)


async def made(
    database: Database, kind: InvitationKind, provider: Provider | None = None
) -> tuple[str, datetime]:
    """Make an invitation on the command line."""
    async with database.transaction() as work:
        about = provider.id if provider else None
        return await add_invitation(work, kind, NOW, provider_id=about, invited_by=BOB)


async def acting(database: Database, number: int) -> list[tuple[str, Role]]:
    async with database.snapshot() as work:
        return [(each.provider.name, each.role) for each in await work.queries.acting_for(number)]


@pytest.fixture
async def dora(database: Database) -> Provider:
    async with database.transaction() as work:
        return (await open_clinic(work))[0]


async def test_a_handover_gives_the_provider_to_the_new_account_with_all_appointments(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, BOB, dora, OPENING)
    tables = ("reservation", "busy", "availability", "history", "provider")
    before = {name: all_rows(database.url)[name] for name in tables}
    code, _ = await made(database, InvitationKind.HANDOVER, dora)

    assert await open_link(database, ALICE, code) == (InvitationKind.HANDOVER, dora)

    assert await acting(database, DORA) == []
    assert await acting(database, ALICE) == [("Dora", Role.SELF)]
    assert {name: all_rows(database.url)[name] for name in tables} == before
    async with database.transaction() as work:
        await confirm_hold(work, POLICY, held.id, BOB, NOW)
    told = "SELECT recipient_id, chat_id FROM outbox WHERE kind = 'booking_confirmed'"
    assert rows(database.url, told) == [(ALICE, account_of(ALICE))]
    assert await refusal_of(database, ALICE, dora, OPENING + 4 * QUARTER) is errors.OwnSlot
    assert await refusal_of(database, DORA, dora, OPENING + 4 * QUARTER) is None


async def test_only_an_unused_handover_is_asked_about(database: Database, dora: Provider) -> None:
    handover, _ = await made(database, InvitationKind.HANDOVER, dora)
    others = [
        (await made(database, kind, dora))[0]
        for kind in InvitationKind
        if kind is not InvitationKind.HANDOVER
    ]

    async def offered(number: int, code: str) -> Provider | None:
        async with database.transaction() as work:
            person = await work.queries.person(number)
            assert person
            return await handover_of(work, person, code, NOW)

    before = all_rows(database.url)
    assert await offered(ALICE, handover) == dora
    assert [await offered(ALICE, code) for code in others] == [None] * len(others)
    assert all_rows(database.url) == before
    await open_link(database, ALICE, handover)
    assert await offered(ALICE, handover) is None
    with pytest.raises(errors.InvitationUsed):
        await offered(BOB, handover)


async def test_a_provider_without_telegram_gets_an_account_and_keeps_their_assistant(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as work:
        admin = await work.queries.person(BOB)
        assert admin
        fay = await add_provider(work, admin, {account_of(BOB)}, "Fay", "Asia/Tokyo", NOW)
    assert (fay.time_zone, fay.reachable) == ("Asia/Tokyo", True)
    assert await acting(database, BOB) == [("Fay", Role.ASSISTANT)]
    code, _ = await made(database, InvitationKind.HANDOVER, fay)

    await open_link(database, ALICE, code)

    assert await acting(database, ALICE) == [("Fay", Role.SELF)]
    assert await acting(database, BOB) == [("Fay", Role.ASSISTANT)]


async def test_a_provider_cannot_take_over_another_one(database: Database, dora: Provider) -> None:
    code, _ = await made(database, InvitationKind.HANDOVER, dora)
    before = all_rows(database.url)

    with pytest.raises(errors.AlreadyProvider):
        await open_link(database, EMIL, code)

    assert all_rows(database.url) == before
    # The link stays good for the person it was meant for.
    assert (await open_link(database, ALICE, code))[1] == dora


async def test_an_assistant_acts_for_several_providers_and_may_be_one(
    database: Database, dora: Provider
) -> None:
    async with database.snapshot() as work:
        emil = await work.queries.provider_by_slug("emil")
    for provider in (dora, emil):
        code, _ = await made(database, InvitationKind.ASSISTANT, provider)
        assert await open_link(database, ALICE, code) == (InvitationKind.ASSISTANT, provider)
    code, _ = await made(database, InvitationKind.PROVIDER)
    await open_link(database, ALICE, code)

    assert await acting(database, ALICE) == [
        (f"Person {ALICE}", Role.SELF),
        ("Dora", Role.ASSISTANT),
        ("Emil", Role.ASSISTANT),
    ]
    assert await acting(database, DORA) == [("Dora", Role.SELF)]


async def test_a_provider_stays_the_provider_with_an_assistants_link(
    database: Database, dora: Provider
) -> None:
    code, _ = await made(database, InvitationKind.ASSISTANT, dora)

    with pytest.raises(errors.OwnAssistant):
        await open_link(database, DORA, code)

    assert await acting(database, DORA) == [("Dora", Role.SELF)]
    # The link stays good for someone else.
    assert (await open_link(database, ALICE, code))[1] == dora


@pytest.mark.parametrize("kind", list(InvitationKind))
async def test_a_used_link_is_reopened_by_the_same_person_only(
    database: Database, dora: Provider, kind: InvitationKind
) -> None:
    code, _ = await made(database, kind, dora if kind is not InvitationKind.PROVIDER else None)
    first = await open_link(database, ALICE, code)
    before = all_rows(database.url)

    assert await open_link(database, ALICE, code, NOW + timedelta(days=30)) == first
    with pytest.raises(errors.InvitationUsed):
        await open_link(database, BOB, code)
    assert all_rows(database.url) == before


async def test_a_link_gives_nothing_back_that_a_later_handover_took(
    database: Database, dora: Provider
) -> None:
    first, _ = await made(database, InvitationKind.HANDOVER, dora)
    await open_link(database, ALICE, first)
    second, _ = await made(database, InvitationKind.HANDOVER, dora)
    await open_link(database, CARA, second)

    with pytest.raises(errors.InvitationUsed):
        await open_link(database, ALICE, first)
    assert await acting(database, ALICE) == []
    assert await acting(database, CARA) == [("Dora", Role.SELF)]


async def test_who_joined_is_told_to_the_inviter_and_the_others_of_a_provider(
    database: Database, dora: Provider
) -> None:
    told = "SELECT recipient_id, subject_kind, subject_id FROM outbox WHERE kind = 'joined'"
    for kind in (InvitationKind.ASSISTANT, InvitationKind.ADMIN):
        code, _ = await made(database, kind, dora)
        await open_link(database, ALICE, code)
    assert sorted(rows(database.url, told)) == [
        (BOB, "person", ALICE),
        (BOB, "person", ALICE),
        (DORA, "person", ALICE),
    ]


async def test_a_link_of_the_command_line_has_no_inviter_to_tell(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as work:
        code, _ = await add_invitation(work, InvitationKind.ADMIN, NOW)
    await open_link(database, ALICE, code)

    assert rows(database.url, "SELECT id FROM outbox") == []


async def test_an_admins_link_lives_for_a_day(database: Database, dora: Provider) -> None:
    code, end = await made(database, InvitationKind.ADMIN)
    assert end == NOW + timedelta(days=1)

    with pytest.raises(errors.InvitationExpired):
        await open_link(database, ALICE, code, end)
    assert await open_link(database, ALICE, code, end - SECOND) == (InvitationKind.ADMIN, None)

    async with database.transaction() as work:
        alice, cara = await work.queries.person(ALICE), await work.queries.person(CARA)
        assert alice
        assert cara
        assert (alice.is_admin, cara.is_admin) == (True, False)
        await invite(work, alice, frozenset(), InvitationKind.ADMIN, NOW)
        with pytest.raises(errors.AdminOnly):
            await invite(work, cara, frozenset(), InvitationKind.ADMIN, NOW)


async def test_of_the_links_that_hand_over_a_provider_the_newest_works(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as work:
        emil = await work.queries.acting_for(EMIL)
    others, _ = await made(database, InvitationKind.HANDOVER, emil[0].provider)
    assistants, _ = await made(database, InvitationKind.ASSISTANT, dora)
    older, _ = await made(database, InvitationKind.HANDOVER, dora)
    newer, _ = await made(database, InvitationKind.HANDOVER, dora)

    with pytest.raises(errors.InvitationUnknown):
        await open_link(database, ALICE, older)
    await open_link(database, ALICE, newer)
    await open_link(database, BOB, others)
    await open_link(database, CARA, assistants)
    assert await acting(database, ALICE) == [("Dora", Role.SELF)]
    assert await acting(database, BOB) == [("Emil", Role.SELF)]
    assert await acting(database, CARA) == [("Dora", Role.ASSISTANT)]


async def test_of_the_links_made_on_the_command_line_the_newest_works(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as work:
        older, _ = await add_invitation(work, InvitationKind.ADMIN, NOW)
        other, _ = await add_invitation(work, InvitationKind.PROVIDER, NOW)
        newer, _ = await add_invitation(work, InvitationKind.ADMIN, NOW)

    with pytest.raises(errors.InvitationUnknown):
        await open_link(database, ALICE, older)
    assert (await open_link(database, ALICE, newer))[0] is InvitationKind.ADMIN
    assert (await open_link(database, BOB, other))[0] is InvitationKind.PROVIDER
    async with database.transaction() as work:
        await add_invitation(work, InvitationKind.ADMIN, NOW)
    # A used one is kept: its guest may open it again.
    assert (await open_link(database, ALICE, newer))[0] is InvitationKind.ADMIN


@pytest.mark.parametrize("kind", [InvitationKind.ASSISTANT, InvitationKind.HANDOVER])
async def test_an_invitation_to_an_unknown_provider_is_refused(
    database: Database, dora: Provider, kind: InvitationKind
) -> None:
    async with database.transaction() as work:
        await work.people.make_admin(BOB, NOW)
        admin = await work.queries.person(BOB)
        assert admin
        for unknown in (None, 4711):
            with pytest.raises(errors.ProviderUnknown):
                await invite(work, admin, frozenset(), kind, NOW, provider_id=unknown)
