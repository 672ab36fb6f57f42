"""Becoming a provider in real transactions: the first name, and the slug that goes with it."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import errors
from domain.person import Contact, name_from_telegram
from domain.provider import Provider
from domain.usecases.invite import accept_invitation, invite_provider, name_provider
from storage.database import Database

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ADMIN = 900


async def invited(database: Database) -> str:
    async with database.transaction() as work:
        code, _ = await invite_provider(work, ADMIN, frozenset({ADMIN}), NOW)
    return code


async def join(
    database: Database, guest: Contact, code: str | None = None, *, now: datetime = NOW
) -> Provider:
    code = code or await invited(database)
    async with database.transaction() as work:
        await work.people.record_contact(guest, now)
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
    await join(database, guest)
    async with database.transaction() as work:
        joining = await name_provider(work, guest.id, "Dr. Dora", keep_slug=False)
        same = await name_provider(work, guest.id, "Dr.  Dora", keep_slug=False)
        later = await name_provider(work, guest.id, "Dora Dent", keep_slug=True)

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


async def test_only_an_admin_can_invite(database: Database) -> None:
    async with database.transaction() as work:
        with pytest.raises(errors.AdminOnly):
            await invite_provider(work, 100, frozenset({ADMIN}), NOW)
