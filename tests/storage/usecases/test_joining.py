"""Becoming a provider, through real transactions: the name one begins with, and the slug that goes with it."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import errors
from domain.client import Contact, name_from_telegram
from domain.provider import Provider
from domain.usecases.join import accept_invitation, invite_provider, name_provider
from storage.database import Database

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ADMIN = 900


async def invited(database: Database) -> str:
    async with database.transaction() as work:
        code, _ = await invite_provider(work, ADMIN, frozenset({ADMIN}), NOW)
    return code


async def joins(
    database: Database, guest: Contact, code: str | None = None, *, now: datetime = NOW
) -> Provider:
    code = code or await invited(database)
    async with database.transaction() as work:
        await work.clients.record_contact(guest, now)
        return await accept_invitation(work, guest, code, now)


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
async def test_a_provider_begins_under_a_name_that_others_can_read(
    database: Database, known: str, username: str | None, name: str
) -> None:
    guest = Contact(100, known, username)
    assert name_from_telegram(guest) == name
    assert (await joins(database, guest)).name == name


async def test_the_same_name_twice_gets_two_slugs_that_fit_a_link(database: Database) -> None:
    name = "a" * 27 + " " + "b" * 27
    slugs = [(await joins(database, Contact(100 + number, name))).slug for number in range(3)]

    assert slugs == ["a" * 27 + "-bbbb", "a" * 27 + "-2", "a" * 27 + "-3"]


async def test_a_slug_follows_the_name_while_joining_and_stays_for_good_later(
    database: Database,
) -> None:
    guest = Contact(100, "Dora")
    await joins(database, guest)
    async with database.transaction() as work:
        joining = await name_provider(work, guest.id, "Dr. Dora", keep_slug=False)
        same = await name_provider(work, guest.id, "Dr.  Dora", keep_slug=False)
        later = await name_provider(work, guest.id, "Dora Dent", keep_slug=True)

    assert [joining.slug, same.slug, later.slug] == ["dr-dora"] * 3
    assert later.name == "Dora Dent"


async def test_an_invitation_makes_one_provider_within_a_week_and_is_his_from_then_on(
    database: Database,
) -> None:
    code, dora, emil = await invited(database), Contact(100, "Dora"), Contact(200, "Emil")
    first = await joins(database, dora, code, now=NOW + timedelta(days=7, seconds=-1))

    assert await joins(database, dora, code, now=NOW + timedelta(days=30)) == first
    with pytest.raises(errors.InvitationUsed):
        await joins(database, emil, code)
    late = await invited(database)
    with pytest.raises(errors.InvitationExpired):
        await joins(database, emil, late, now=NOW + timedelta(days=7))
    with pytest.raises(errors.AlreadyProvider):
        await joins(database, dora, late)
    assert (await joins(database, emil, late)).name == "Emil"


async def test_only_an_admin_invites(database: Database) -> None:
    async with database.transaction() as work:
        with pytest.raises(errors.AdminOnly):
            await invite_provider(work, 100, frozenset({ADMIN}), NOW)
