"""The repositories of people, providers, invitations, dialogues, updates and the outbox."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect, insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from domain import errors
from domain.invitation import LIFETIMES, Invitation, InvitationKind, digest_of
from domain.notification import Kind, Notification, ProviderKind, Subject
from domain.operations.dialogue import Dialogue
from domain.operations.outbox import MISSED, REPLY, TOLD_TO_WAIT, DeliveryRecord, OutboxRow
from domain.person import Contact, Person
from domain.provider import Acting, Provider, Role
from domain.timespan import TimeSpan
from domain.typed_line import Line
from domain.usecases.acting import own_provider
from domain.usecases.choose_settings import choose_language, choose_zone
from domain.usecases.end_reservation import cancel_by_provider, confirm_hold
from domain.usecases.invite import accept_invitation, add_invitation, invite
from domain.usecases.name_provider import name_provider
from storage.database import Database
from storage.repositories.outbox import LEASE
from storage.tables import acts_for, person
from storage.types import Instant
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.cells import QUARTER
from tests.kit.clinic import (
    ALICE,
    BERLIN,
    BOB,
    CARA,
    DORA,
    EMIL,
    HOURS,
    NOW,
    OPENING,
    POLICY,
    SECOND,
    account_of,
    add_people,
    add_self,
    hold,
    open_clinic,
)
from tests.kit.raw_database import all_rows, micros, rows

ALICE_CHAT = account_of(ALICE)
SQLITE: Dialect = sqlite.dialect()
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy

zones = st.sampled_from([UTC, BERLIN, timezone(timedelta(hours=-9.5))])
instants = st.datetimes(
    datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2200-01-01"), timezones=zones
)


@given(instants)
def test_an_instant_is_read_as_the_same_instant_in_utc(moment: datetime) -> None:
    kept = Instant().process_bind_param(moment, SQLITE)
    back = Instant().process_result_value(kept, SQLITE)

    assert isinstance(kept, int)
    assert (back, back and back.tzinfo) == (moment.astimezone(UTC), UTC)


@given(instants, instants)
def test_stored_instants_sort_by_time(one: datetime, other: datetime) -> None:
    kept = [Instant().process_bind_param(moment, SQLITE) for moment in (one, other)]

    assert (kept[0] < kept[1]) is (one.astimezone(UTC) < other.astimezone(UTC))


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_a_naive_datetime_is_rejected(dialect: Dialect) -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        Instant().process_bind_param(NOW.replace(tzinfo=None), dialect)
    assert Instant().process_bind_param(None, dialect) is None
    assert Instant().process_result_value(None, dialect) is None


def test_postgresql_gets_an_aware_datetime_in_utc() -> None:
    assert Instant().process_bind_param(NOW.astimezone(BERLIN), POSTGRESQL).tzinfo is UTC
    assert Instant().process_result_value(NOW.astimezone(BERLIN), POSTGRESQL) == NOW
    assert Instant().load_dialect_impl(POSTGRESQL).compile(POSTGRESQL) == "TIMESTAMP WITH TIME ZONE"


async def test_a_naive_datetime_is_never_stored(database: Database) -> None:
    async with database.transaction() as uow:
        with pytest.raises(StatementError, match="needs a time zone"):
            await uow.people.record_contact(Contact(ALICE, "Alice"), NOW.replace(tzinfo=None))


TYPE_OF = {"sqlite": "typeof", "postgresql": "pg_typeof"}


async def test_microseconds_survive(database: Database, engine: str) -> None:
    late = NOW + timedelta(microseconds=123_457)
    async with database.transaction() as uow:
        alice = await uow.people.record_contact(Contact(ALICE, "Alice"), NOW)
        await uow.people.mark_unreachable(alice.id, late)

    async with database.snapshot() as uow:
        found = await uow.queries.person(alice.id)
    assert found
    assert found.unreachable_since == late
    assert rows(
        database.url,
        f"SELECT CAST({TYPE_OF[engine]}(unreachable_since) AS text), unreachable_since FROM person",
    ) == [("integer" if engine == "sqlite" else "timestamp with time zone", micros(late))]


async def test_a_person_is_stored_at_their_first_message(database: Database) -> None:
    async with database.transaction() as uow:
        assert await uow.queries.account(ALICE) is None
        seen = await uow.people.record_contact(Contact(ALICE, "Alice", "alice", "de"), NOW)

    assert seen == Person(seen.id, ALICE, "Alice", "alice", telegram_language="de")
    assert seen.id != ALICE
    async with database.snapshot() as uow:
        assert await uow.queries.person(seen.id) == await uow.queries.account(ALICE) == seen
        assert await uow.queries.person(ALICE) is await uow.queries.account(seen.id) is None


async def test_telegrams_data_is_updated_and_the_persons_choices_are_kept(
    database: Database,
) -> None:
    async with database.transaction() as uow:
        alice = await uow.people.record_contact(Contact(ALICE, "Alice", "alice", "de"), NOW)
        await choose_zone(uow, alice.id, "Europe/Berlin")
        await choose_language(uow, alice.id, "en")
        await uow.people.mark_unreachable(alice.id, NOW)
        again = await uow.people.record_contact(
            Contact(ALICE, "Alice B.", None, "fr"), NOW + SECOND
        )
        reachable = await uow.queries.person(alice.id)

    changed = Person(alice.id, ALICE, "Alice B.", None, "en", "Europe/Berlin", "fr")
    assert again == replace(changed, unreachable_since=NOW)
    assert reachable == changed
    assert rows(database.url, "SELECT first_seen_at FROM person") == [(micros(NOW),)]


async def test_an_unchanged_contact_writes_nothing(database: Database) -> None:
    async with database.transaction() as uow:
        first = await uow.people.record_contact(Contact(ALICE, "Alice"), NOW)
    before = all_rows(database.url)

    async with database.transaction() as uow:
        assert await uow.people.record_contact(Contact(ALICE, "Alice"), NOW + SECOND) == first
    assert all_rows(database.url) == before


async def test_the_first_time_a_person_was_unreachable_is_kept(database: Database) -> None:
    async with database.transaction() as uow:
        alice = await uow.people.record_contact(Contact(ALICE, "Alice"), NOW)
        assert await uow.people.mark_unreachable(alice.id, NOW)
        assert not await uow.people.mark_unreachable(alice.id, NOW + SECOND)
        alice = await uow.queries.person(alice.id) or alice

    assert alice.unreachable_since == NOW


async def test_an_unknown_zone_is_not_stored(database: Database) -> None:
    async with database.transaction() as uow:
        alice = await uow.people.record_contact(Contact(ALICE, "Alice"), NOW)
        with pytest.raises(errors.ZoneUnknown):
            await choose_zone(uow, alice.id, "Europe/Nowhere")

    assert rows(database.url, "SELECT time_zone FROM person") == [(None,)]


async def test_providers_are_found_by_id_person_and_slug(database: Database) -> None:
    async with database.transaction() as uow:
        dora, emil = await open_clinic(uow)
        await uow.providers.rename(emil.id, "Ömil", "oemil")

    async with database.snapshot() as uow:
        assert (
            await uow.queries.provider(dora.id)
            == dora
            == await own_provider(uow, DORA)
            == await uow.queries.provider_by_slug("dora")
        )
        assert await own_provider(uow, EMIL) == Provider(emil.id, "Ömil", "oemil")
        assert (
            await uow.queries.provider(99)
            is await own_provider(uow, ALICE)
            is await uow.queries.provider_by_slug("emil")
            is None
        )


async def test_a_person_acts_for_themselves_first_and_then_by_name(database: Database) -> None:
    async with database.transaction() as uow:
        dora, emil = await open_clinic(uow)
        carl = await uow.providers.add("Carl", "carl", None, NOW)
        for number, provider in ((EMIL, dora), (EMIL, carl), (ALICE, dora), (ALICE, carl)):
            await uow.providers.appoint(number, provider.id, Role.ASSISTANT, NOW)

        acting = {number: await uow.queries.acting_for(number) for number in (EMIL, ALICE, BOB)}
        staff = [list(await uow.queries.staff_of(each.id)) for each in (dora, emil, carl)]

    assert {
        number: [(each.provider.name, each.role) for each in acting[number]] for number in acting
    } == {
        EMIL: [("Emil", Role.SELF), ("Carl", Role.ASSISTANT), ("Dora", Role.ASSISTANT)],
        ALICE: [("Carl", Role.ASSISTANT), ("Dora", Role.ASSISTANT)],
        BOB: [],
    }
    assert staff == [[ALICE, DORA, EMIL], [EMIL], [ALICE, EMIL]]


async def test_at_most_one_person_is_a_provider_themselves(database: Database) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
        await uow.providers.appoint(ALICE, dora.id, Role.ASSISTANT, NOW)
        await uow.providers.appoint(ALICE, dora.id, Role.SELF, NOW)
        assert await own_provider(uow, DORA) is None
        assert await uow.queries.acting_for(ALICE) == [Acting(dora, Role.SELF)]

        another = {"person_id": BOB, "provider_id": dora.id, "role": "self", "since": NOW}
        with pytest.raises(IntegrityError):
            async with uow.savepoint():
                await uow.connection.execute(insert(acts_for), another)


async def test_guests_have_no_account_and_are_listed_by_name_for_their_provider(
    database: Database,
) -> None:
    async with database.transaction() as uow:
        dora, emil = await open_clinic(uow)
        smith = await uow.people.add_guest(dora.id, "Mrs Smith", "+49 30 1", NOW)
        jones = await uow.people.add_guest(dora.id, "Mr Jones", None, NOW)
        await uow.people.add_guest(emil.id, "Mr Jones", None, NOW)

        assert await uow.queries.guests_of(dora.id) == [
            Person(jones, None, "Mr Jones", guest_of=dora.id),
            Person(smith, None, "Mrs Smith", phone="+49 30 1", guest_of=dora.id),
        ]


async def test_admins_are_people_named_by_an_admin_or_by_the_setting(database: Database) -> None:
    async with database.transaction() as uow:
        await open_clinic(uow)
        await uow.people.make_admin(BOB, NOW)
        await uow.people.make_admin(BOB, NOW + SECOND)

        # Numbers of people are not Telegram ids.
        found = await uow.queries.admins({account_of(CARA), account_of(BOB), DORA, 4711})
        assert [(each.id, each.is_admin) for each in found] == [(BOB, True), (CARA, False)]
        assert [each.id for each in await uow.queries.admins(())] == [BOB]
    assert rows(
        database.url, "SELECT id, admin_since FROM person WHERE admin_since IS NOT NULL"
    ) == [(BOB, micros(NOW))]


async def test_a_provider_has_the_time_zone_that_their_person_chose(database: Database) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
        await choose_zone(uow, DORA, "Asia/Tokyo")
    async with database.snapshot() as uow:
        assert await uow.queries.provider(dora.id) == replace(dora, time_zone="Asia/Tokyo")


async def test_providers_are_searched_by_any_part_of_their_name(database: Database) -> None:
    names = ["Zoë", "anna ÖZ", "Berta 100%", "Ann_a"]
    async with database.transaction() as uow:
        await add_people(uow, *range(1, len(names) + 1))
        for number, name in enumerate(names, start=1):
            await add_self(uow, number, name, f"p{number}")

    async def found(
        part: str, client: int | None = None, offset: int = 0, limit: int = 10
    ) -> list[str]:
        async with database.snapshot() as uow:
            providers = await uow.queries.find_providers(
                part, for_client=client, offset=offset, limit=limit
            )
            if (offset, limit) == (0, 10):
                assert await uow.queries.count_providers(part, for_client=client) == len(providers)
        return [provider.name for provider in providers]

    assert await found("") == ["Ann_a", "anna ÖZ", "Berta 100%", "Zoë"]
    assert await found("", offset=1, limit=2) == ["anna ÖZ", "Berta 100%"]
    assert await found("", client=3) == ["Ann_a", "anna ÖZ", "Zoë"]
    assert await found("öz") == await found("ÖZ") == ["anna ÖZ"]
    assert await found("ANN") == ["Ann_a", "anna ÖZ"]
    assert await found("%") == ["Berta 100%"]
    assert await found("_") == ["Ann_a"]
    assert await found("unknown") == []


async def test_providers_are_found_by_other_spellings_of_whole_words(database: Database) -> None:
    names = ["Ute Müller", "Max Muller", "Mueller-Weiß", "Susan", "Laura"]
    async with database.transaction() as uow:
        for number, name in enumerate(names):
            await uow.providers.add(name, f"p{number}", None, NOW)

    async def found(part: str) -> list[str]:
        async with database.snapshot() as uow:
            providers = await uow.queries.find_providers(part, for_client=None, offset=0, limit=10)
            assert await uow.queries.count_providers(part, for_client=None) == len(providers)
        return [provider.name for provider in providers]

    millers = ["Max Muller", "Mueller-Weiß", "Ute Müller"]
    assert await found("mueller") == await found("Müller") == await found("muller") == millers
    assert await found("Muller Weiss") == ["Mueller-Weiß"]
    assert await found("Sue") == await found("Auer") == []


async def test_slugs_and_accounts_are_unique(database: Database) -> None:
    async with database.transaction() as uow:
        await open_clinic(uow)
        with pytest.raises(IntegrityError):
            async with uow.savepoint():
                await uow.providers.add("Dora", "dora", None, NOW)
        twin = {"telegram_id": account_of(DORA), "name": "Twin", "first_seen_at": NOW}
        with pytest.raises(IntegrityError):
            async with uow.savepoint():
                await uow.connection.execute(insert(person), twin)


async def test_availability_within_a_window_consists_of_complete_spans(database: Database) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
        first, second = (
            TimeSpan(OPENING, OPENING + 4 * QUARTER),
            TimeSpan(OPENING + 8 * QUARTER, OPENING + 12 * QUARTER),
        )
        await uow.availability.replace(dora.id, [HOURS], [second, first])
        found = uow.queries

        assert await found.open_hours(dora.id, HOURS) == [first, second]
        assert await found.open_hours(
            dora.id, TimeSpan(OPENING + 3 * QUARTER, OPENING + 4 * QUARTER)
        ) == [first]
        assert (
            await found.open_hours(dora.id, TimeSpan(OPENING + 4 * QUARTER, OPENING + 8 * QUARTER))
            == []
        )
        both = TimeSpan(OPENING + 3 * QUARTER, OPENING + 9 * QUARTER)
        assert await found.open_hours(dora.id, both) == [first, second]
        assert await found.open_hours(dora.id + 9, HOURS) == []


LIFETIME = LIFETIMES[InvitationKind.PROVIDER]


async def invited(database: Database) -> str:
    async with database.transaction() as uow:
        await add_people(uow, ALICE, BOB)
        code, end = await add_invitation(uow, InvitationKind.PROVIDER, NOW, invited_by=BOB)
    assert end == NOW + LIFETIME
    return code


async def accept(database: Database, guest: int, code: str, now: datetime = NOW) -> Provider:
    async with database.transaction() as uow:
        contact, known = Contact(account_of(guest), "Jürgen Groß"), await uow.queries.person(guest)
        assert known
        kind, provider = await accept_invitation(uow, known, contact, code, now)
    assert (kind, provider is None) == (InvitationKind.PROVIDER, False)
    assert provider
    return provider


async def test_an_invitation_can_be_accepted_once(database: Database) -> None:
    code = await invited(database)
    provider = await accept(database, ALICE, code)
    before = all_rows(database.url)

    assert (provider.name, provider.slug) == ("Jürgen Groß", "juergen-gross")
    async with database.snapshot() as uow:
        assert await own_provider(uow, ALICE) == provider
    assert await accept(database, ALICE, code, NOW + timedelta(days=30)) == provider
    with pytest.raises(errors.InvitationUsed):
        await accept(database, BOB, code)
    assert all_rows(database.url) == before


async def test_the_code_of_an_invitation_is_not_stored(database: Database) -> None:
    code = await invited(database)

    assert code not in repr(all_rows(database.url))
    async with database.transaction() as uow:
        assert await uow.invitations.get(digest_of(code)) == Invitation(
            digest_of(code), InvitationKind.PROVIDER, NOW + LIFETIME, invited_by=BOB
        )


async def test_invitations_are_refused_with_the_reason(database: Database) -> None:
    code = await invited(database)

    with pytest.raises(errors.InvitationUnknown):
        await accept(database, ALICE, code + "x")
    with pytest.raises(errors.InvitationExpired):
        await accept(database, ALICE, code, NOW + LIFETIME)
    await accept(database, ALICE, code, NOW + LIFETIME - SECOND)
    async with database.transaction() as uow:
        alice, bob = await uow.queries.person(ALICE), await uow.queries.person(BOB)
        assert alice
        assert bob
        admins = frozenset({account_of(BOB)})
        with pytest.raises(errors.AdminOnly):
            await invite(uow, alice, admins, InvitationKind.PROVIDER, NOW)
        second, _ = await invite(uow, bob, admins, InvitationKind.PROVIDER, NOW)
    with pytest.raises(errors.AlreadyProvider):
        await accept(database, ALICE, second)
    assert (await accept(database, BOB, second)).slug == "juergen-gross-2"


async def test_a_provider_may_keep_the_slug_when_renamed(database: Database) -> None:
    own = (await accept(database, ALICE, await invited(database))).id

    async with database.transaction() as uow:
        kept = await name_provider(uow, ALICE, own, " Alice  Baker ", keep_slug=True)
        assert (kept.name, kept.slug) == ("Alice Baker", "juergen-gross")
        renamed = await name_provider(uow, ALICE, own, "Alice Baker", keep_slug=False)
        assert renamed.slug == "alice-baker"
        assert (
            await name_provider(uow, ALICE, own, "Alice Baker", keep_slug=False)
            == renamed
            == await own_provider(uow, ALICE)
        )
        with pytest.raises(errors.NameUnusable):
            await name_provider(uow, ALICE, own, " ", keep_slug=False)
        with pytest.raises(errors.ProviderOnly):
            await name_provider(uow, BOB, own, "Bob", keep_slug=False)


async def test_the_dialogue_state_of_a_person_is_stored(database: Database) -> None:
    standing = Dialogue("booking", "day", {"provider": 3, "spans": [[1, 2]], "name": "Zoë"}, 77)
    async with database.transaction() as uow:
        await add_people(uow, ALICE)
        assert await uow.dialogues.get(ALICE) == Dialogue()
        await uow.dialogues.save(ALICE, standing, NOW)
        assert await uow.dialogues.get(ALICE) == standing
        await uow.dialogues.show_on(ALICE, 78)
        assert await uow.dialogues.get(ALICE) == replace(standing, card_message_id=78)
        await uow.dialogues.save(ALICE, Dialogue(), NOW + SECOND)
        assert await uow.dialogues.get(ALICE) == Dialogue()


async def test_an_update_is_processed_once(database: Database) -> None:
    async with database.transaction() as uow:
        assert await uow.updates.begin(5, NOW)
    async with database.transaction() as uow:
        assert not await uow.updates.begin(5, NOW + SECOND)
        assert await uow.updates.begin(6, NOW)


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_an_update_that_keeps_failing_is_set_aside(database: Database, limit: int) -> None:
    async with database.transaction() as uow:
        answers = [
            await uow.updates.failed(5, f"error {n}", NOW + n * SECOND, limit=limit)
            for n in range(4)
        ]

    assert answers == [n + 1 >= limit for n in range(4)]
    assert rows(
        database.url, "SELECT update_id, attempts, error, failed_at, set_aside FROM failed_update"
    ) == [(5, 4, "error 3", micros(NOW + 3 * SECOND), 1)]


@pytest.fixture
async def reserved(database: Database) -> int:
    """The id of a reservation of Alice's whose warning is already sent."""
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
    number = (await hold(database, ALICE, dora, OPENING)).id
    async with database.transaction() as uow:
        for row in await uow.outbox.claim(NOW + timedelta(days=1), 10):
            await uow.outbox.record_result(row, "sent", NOW)
    return number


async def notify(
    database: Database,
    number: int,
    *kinds: Kind,
    recipient: int = ALICE,
    due: datetime = NOW,
    revision: int = 2,
) -> None:
    async with database.transaction() as uow:
        await uow.outbox.notify(
            [Notification(recipient, kind, number, due, revision) for kind in kinds]
        )


async def claim(database: Database, now: datetime = NOW, limit: int = 10) -> list[OutboxRow]:
    async with database.transaction() as uow:
        return list(await uow.outbox.claim(now, limit))


async def settle_all_due(database: Database, now: datetime = NOW) -> list[OutboxRow]:
    """Claim and settle all due rows, and return them in order."""
    settled: list[OutboxRow] = []
    while claimed := await claim(database, now):
        for row in claimed:
            await record_result(database, row)
        settled += claimed
    return settled


async def record_result(database: Database, row: OutboxRow, state: str = "sent") -> None:
    async with database.transaction() as uow:
        await uow.outbox.record_result(row, state, NOW, "why" if state == "parked" else None)


async def next_due(database: Database) -> datetime | None:
    async with database.snapshot() as uow:
        return await uow.outbox.next_due()


async def test_due_rows_are_claimed_once_oldest_first(database: Database, reserved: int) -> None:
    await notify(database, reserved, Kind.BOOKING_CONFIRMED, recipient=DORA, due=NOW + 2 * SECOND)
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT, recipient=EMIL, due=NOW)
    await notify(database, reserved, Kind.HOLD_EXPIRED, due=NOW + SECOND)

    assert [row.kind for row in await claim(database, NOW + SECOND)] == [
        "cancelled_by_client",
        "hold_expired",
    ]
    assert await claim(database, NOW + SECOND) == []
    assert [row.kind for row in await claim(database, NOW + 2 * SECOND, limit=1)] == [
        "booking_confirmed"
    ]


async def test_only_the_first_row_of_a_recipient_can_be_claimed_until_it_is_settled(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.BOOKING_CONFIRMED, due=NOW + SECOND)
    await notify(database, reserved, Kind.HOLD_EXPIRED, Kind.CANCELLED_BY_CLIENT, due=NOW)
    [first] = await claim(database, NOW + SECOND)
    assert first.kind == "hold_expired"
    assert await claim(database, NOW + SECOND) == []

    await record_result(database, first)
    [second] = await claim(database, NOW + SECOND)
    assert second.kind == "cancelled_by_client"
    assert await claim(database, NOW + SECOND) == []
    await record_result(database, second)

    assert await claim(database, NOW) == []
    assert [row.kind for row in await claim(database, NOW + SECOND)] == ["booking_confirmed"]


async def test_nothing_is_claimed_before_it_is_due(database: Database, reserved: int) -> None:
    await notify(database, reserved, Kind.HOLD_EXPIRED, due=NOW)

    assert await claim(database, NOW - timedelta.resolution) == []
    assert await next_due(database) == NOW
    assert len(await claim(database, NOW)) == 1


async def test_a_row_can_be_claimed_again_when_its_lease_ends(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_EXPIRED)
    [first] = await claim(database)

    assert await next_due(database) == NOW + LEASE
    assert await claim(database, NOW + LEASE - timedelta.resolution) == []
    [second] = await claim(database, NOW + LEASE)
    assert (first.attempts, second.attempts) == (1, 2)


async def test_leases_of_a_departed_replica_are_released_at_once(
    database_url: str, reserved: int
) -> None:
    before, after = Database(database_url, replica=7), Database(database_url, replica=8)
    await notify(after, reserved, Kind.HOLD_EXPIRED)
    await claim(before)
    async with after.transaction() as uow:
        assert list(await uow.outbox.lease_holders()) == [7]
        assert await uow.outbox.release_leases([]) == await uow.outbox.release_leases([8]) == 0
        assert await uow.outbox.release_leases([7]) == 1

    assert len(await claim(after)) == 1
    async with after.transaction() as uow:
        assert list(await uow.outbox.lease_holders()) == [8]
    for database in (before, after):
        await database.close()


@pytest.mark.parametrize(
    ("since", "known", "released"),
    [(SECOND, False, 1), (SECOND, True, 0), (timedelta(0), False, 1), (-SECOND, False, 0)],
)
async def test_a_replica_releases_leases_from_before_its_disconnection_that_it_does_not_know(
    database_url: str, reserved: int, since: timedelta, *, known: bool, released: int
) -> None:
    database, other = Database(database_url, replica=7), Database(database_url, replica=8)
    await notify(database, reserved, Kind.HOLD_EXPIRED)
    [row] = await claim(database)
    async with other.transaction() as uow:
        assert await uow.outbox.release_unknown_leases(NOW + SECOND, excluding=[]) == 0
    async with database.transaction() as uow:
        assert (
            await uow.outbox.release_unknown_leases(
                NOW + since, excluding=[row.id] if known else []
            )
            == released
        )

    assert len(await claim(database)) == released
    for each in (database, other):
        await each.close()


async def test_a_holder_can_renew_a_lease_until_it_ends(database: Database, reserved: int) -> None:
    await notify(database, reserved, Kind.HOLD_EXPIRED)
    [row] = await claim(database)

    async def renewed(row: OutboxRow, now: datetime) -> bool:
        async with database.transaction() as uow:
            return await uow.outbox.renew(row, now)

    late = NOW + LEASE - SECOND
    assert await renewed(row, late)
    assert await claim(database, late + SECOND) == []
    assert not await renewed(replace(row, attempts=2), late)
    assert not await renewed(row, late + LEASE)
    assert len(await claim(database, late + LEASE)) == 1
    assert not await renewed(row, late + LEASE)


@pytest.mark.parametrize("state", ["sent", "skipped", "parked"])
async def test_a_settled_row_is_never_claimed_again(
    database: Database, reserved: int, state: str
) -> None:
    await notify(database, reserved, Kind.HOLD_EXPIRED)
    [row] = await claim(database)
    await record_result(database, row, state)

    assert await claim(database, NOW + timedelta(days=1)) == []
    assert await next_due(database) is None
    assert rows(
        database.url, "SELECT state, settled_at, error FROM outbox WHERE kind = 'hold_expired'"
    ) == [(state, micros(NOW), "why" if state == "parked" else None)]


async def test_a_notification_of_one_kind_reservation_and_revision_is_added_once(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_EXPIRED, Kind.BOOKING_CONFIRMED)
    await notify(database, reserved, Kind.HOLD_EXPIRED)
    await notify(database, reserved, Kind.HOLD_EXPIRED, due=NOW - SECOND)

    assert len(await settle_all_due(database)) == 2
    await notify(database, reserved, Kind.HOLD_EXPIRED)
    assert await settle_all_due(database) == []


async def test_each_recipient_gets_the_same_notification_once(
    database: Database, reserved: int
) -> None:
    for recipient in (DORA, EMIL, DORA):
        await notify(database, reserved, Kind.BOOKING_CONFIRMED, recipient=recipient)

    settled = await settle_all_due(database)
    assert sorted((row.recipient_id, row.chat_id) for row in settled) == [
        (DORA, account_of(DORA)),
        (EMIL, account_of(EMIL)),
    ]


async def test_a_person_without_telegram_gets_no_row(database: Database, reserved: int) -> None:
    async with database.transaction() as uow:
        [(dora,)] = await uow.connection.execute(
            text("SELECT id FROM provider WHERE slug = 'dora'")
        )
        guest = await uow.people.add_guest(dora, "Mrs Smith", None, NOW)
        await uow.outbox.notify(
            [
                Notification(recipient, Kind.HOLD_EXPIRED, reserved, NOW, 2)
                for recipient in (guest, ALICE, 4711)
            ]
        )
        await uow.outbox.report([guest], {}, NOW)

    assert [row.recipient_id for row in await settle_all_due(database)] == [ALICE]


async def test_the_warning_of_a_moved_hold_is_a_row_of_its_own(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_WARNING)
    [row] = await claim(database)
    await record_result(database, row)
    await notify(database, reserved, Kind.HOLD_WARNING, due=NOW + SECOND, revision=3)

    assert [(row.attempts, row.revision) for row in await claim(database, NOW + SECOND)] == [(1, 3)]


async def test_a_notification_queues_behind_what_waits_in_the_chat(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    await notify(database, reserved, Kind.HOLD_WARNING, due=NOW + SECOND)
    [row] = await claim(database)
    async with database.transaction() as uow:
        await uow.outbox.postpone(row, NOW + timedelta(hours=1), "not now")
    await notify(database, reserved, Kind.HOLD_WARNING, due=NOW + timedelta(minutes=5), revision=3)
    await notify(database, reserved, Kind.BOOKING_CONFIRMED, recipient=BOB, due=NOW + 2 * SECOND)

    early = await settle_all_due(database, NOW + timedelta(minutes=30))
    assert [row.recipient_id for row in early] == [BOB]
    later = await settle_all_due(database, NOW + timedelta(hours=1))
    assert [(row.kind, row.revision) for row in later] == [
        ("cancelled_by_client", 2),
        ("hold_warning", 2),
        ("hold_warning", 3),
    ]


async def test_a_notification_queues_behind_a_queued_reply_but_not_behind_a_notification(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_WARNING, due=NOW + timedelta(minutes=5))
    await notify(database, reserved, Kind.BOOKING_CONFIRMED)
    assert await next_due(database) == NOW
    async with database.transaction() as uow:
        await uow.outbox.reply(ALICE_CHAT, ALICE, {}, NOW + 2 * SECOND, queued=True)
    await notify(database, reserved, Kind.HOLD_EXPIRED, Kind.CANCELLED_BY_CLIENT)

    assert [row.kind for row in await settle_all_due(database, NOW)] == ["booking_confirmed"]
    late = await settle_all_due(database, NOW + 2 * SECOND)
    assert [row.kind for row in late] == ["reply", "hold_expired", "cancelled_by_client"]


async def test_a_notification_keeps_its_subject_and_revision(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_EXPIRED)
    async with database.transaction() as uow:
        lost = Notification(
            BOB, ProviderKind.UNREACHABLE, 7, NOW, subject=Subject.PROVIDER, offset="today"
        )
        await uow.outbox.notify([lost, replace(lost, offset="later"), lost])

    first, about, again = await settle_all_due(database)
    assert (first.subject_kind, first.subject_id, first.revision) == ("reservation", reserved, 2)
    assert first.reservation_id == reserved
    assert (about.subject_kind, about.subject_id, about.revision) == ("provider", 7, None)
    assert (about.kind, about.reservation_id) == (ProviderKind.UNREACHABLE, None)
    assert again.recipient_id == BOB


async def recall_postponed(
    database: Database, now: datetime, *, after: datetime | None = None
) -> int:
    async with database.transaction() as uow:
        return await uow.outbox.recall_postponed(now, after=after or now)


async def test_after_the_clock_was_set_back_postponed_rows_and_their_queues_are_due(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    [row] = await claim(database)
    async with database.transaction() as uow:
        await uow.outbox.postpone(row, NOW + SECOND, "not now")
    await notify(database, reserved, Kind.BOOKING_CONFIRMED)
    async with database.transaction() as uow:
        await uow.outbox.reply(ALICE_CHAT, ALICE, {"text": "Hello"}, NOW)
    back = NOW - timedelta(hours=1)
    assert await settle_all_due(database, back) == []

    assert await recall_postponed(database, back) == 3
    assert [row.kind for row in await settle_all_due(database, back)] == [
        "cancelled_by_client",
        "booking_confirmed",
        "reply",
    ]


async def test_after_the_clock_was_set_back_scheduled_rows_keep_their_time(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_WARNING, due=NOW)

    assert await recall_postponed(database, NOW - timedelta(hours=1)) == 0
    assert await next_due(database) == NOW


async def test_a_row_postponed_for_the_usual_time_is_not_recalled(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    [row] = await claim(database)
    async with database.transaction() as uow:
        await uow.outbox.postpone(row, NOW + timedelta(minutes=5), "not now")

    assert await recall_postponed(database, NOW, after=NOW + timedelta(minutes=5)) == 0
    assert await next_due(database) == NOW + timedelta(minutes=5)
    assert await recall_postponed(database, NOW, after=NOW + timedelta(minutes=4)) == 1
    assert await next_due(database) == NOW


async def test_a_wait_of_more_than_a_day_is_recalled_at_the_start(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    [row] = await claim(database)
    async with database.transaction() as uow:
        await uow.outbox.postpone(row, NOW + timedelta(days=365), TOLD_TO_WAIT)

    assert await recall_postponed(database, NOW, after=NOW + timedelta(minutes=5)) == 1
    assert await next_due(database) == NOW


async def test_a_queued_reply_overtakes_untried_notifications_only(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    async with database.transaction() as uow:
        reply = await uow.outbox.reply(
            ALICE_CHAT, ALICE, {"text": "Hello"}, NOW + SECOND, queued=True
        )
        assert reply.attempts == 0
        assert [row.kind for row in await uow.outbox.claim(NOW + SECOND, 10, notifications=0)] == [
            "reply"
        ]
        await uow.outbox.queue(reply, NOW + SECOND)
    async with database.transaction() as uow:
        [notification] = await uow.outbox.claim(NOW + SECOND, 0, notifications=10)
        await uow.outbox.reply(
            ALICE_CHAT, ALICE, {"text": "Hello again"}, NOW + 2 * SECOND, queued=True
        )
        assert await uow.outbox.claim(NOW + LEASE - SECOND, 10, notifications=0) == []
        await uow.outbox.record_result(notification, "sent", NOW + 3 * SECOND)


async def test_a_queued_reply_to_a_tap_is_leased_until_the_tap_is_answered(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    [notification] = await claim(database)
    async with database.transaction() as uow:
        reply = await uow.outbox.reply(ALICE_CHAT, ALICE, {}, NOW + SECOND, answers_tap=True)
        assert reply.attempts == 0
        await uow.outbox.record_result(notification, "sent", NOW + SECOND)
        assert await uow.outbox.claim(NOW + LEASE, 10) == []
        await uow.outbox.queue(reply, NOW + SECOND)
        assert [row.id for row in await uow.outbox.claim(NOW + SECOND, 10)] == [reply.id]


async def test_a_notification_in_flight_keeps_its_lease_when_a_reply_is_postponed(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    async with database.transaction() as uow:
        reply = await uow.outbox.reply(ALICE_CHAT, ALICE, {}, NOW)
    async with database.transaction() as uow:
        [in_flight] = await uow.outbox.claim(NOW, 10)
        await uow.outbox.postpone(reply, NOW + 2 * SECOND, "not now")
        assert await uow.outbox.claim(NOW + 3 * SECOND, 10) == []
        assert await uow.outbox.renew(in_flight, NOW + 3 * SECOND)
        await uow.outbox.record_result(in_flight, "sent", NOW + 3 * SECOND)
        assert [row.id for row in await uow.outbox.claim(NOW + 3 * SECOND, 10)] == [reply.id]


async def test_a_reply_whose_tap_is_being_answered_stays_behind_a_postponed_one(
    database: Database, reserved: int
) -> None:
    async with database.transaction() as uow:
        first = await uow.outbox.reply(ALICE_CHAT, ALICE, {}, NOW)
        second = await uow.outbox.reply(ALICE_CHAT, ALICE, {}, NOW + SECOND, answers_tap=True)
        await uow.outbox.postpone(first, NOW + 2 * SECOND, "not now")
        await uow.outbox.queue(second, second.due_at)
        assert await uow.outbox.claim(NOW + SECOND, 10) == []
        assert [row.id for row in await uow.outbox.claim(NOW + 2 * SECOND, 10)] == [first.id]


async def test_no_newer_reply_overtakes_one_that_is_queued_again(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    [notification] = await claim(database)
    async with database.transaction() as uow:
        first = await uow.outbox.reply(ALICE_CHAT, ALICE, {}, NOW + SECOND, answers_tap=True)
        second = await uow.outbox.reply(ALICE_CHAT, ALICE, {}, NOW + 2 * SECOND, answers_tap=True)
        await uow.outbox.queue(second, NOW + 2 * SECOND)
        await uow.outbox.queue(first, NOW + 9 * SECOND)
        await uow.outbox.record_result(notification, "sent", NOW + 3 * SECOND)
        assert await uow.outbox.claim(NOW + 8 * SECOND, 10) == []
        assert [row.id for row in await uow.outbox.claim(NOW + 9 * SECOND, 10)] == [first.id]


async def test_a_lapsed_lease_is_renewed_but_a_dropped_one_is_not(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    [row] = await claim(database)
    late = NOW + 10 * LEASE
    async with database.transaction() as uow:
        await uow.outbox.renew_all([row], late)
        assert await uow.outbox.claim(late + LEASE - SECOND, 10) == []
        await uow.outbox.postpone(row, late + LEASE, "not now")
        await uow.outbox.renew_all([row], late)
        assert len(await uow.outbox.claim(late + LEASE, 10)) == 1


@pytest.mark.parametrize("jump", [None, timedelta(hours=1)])
async def test_after_the_clock_was_set_back_a_row_still_waits_for_retry_after(
    database: Database, reserved: int, jump: timedelta | None
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT)
    [row] = await claim(database)
    async with database.transaction() as uow:
        await uow.outbox.postpone(row, NOW + timedelta(minutes=10), TOLD_TO_WAIT)
    await notify(database, reserved, Kind.BOOKING_CONFIRMED)
    back = NOW - timedelta(hours=1)
    async with database.transaction() as uow:
        changed = await uow.outbox.recall_postponed(back, after=back, by=jump)

    assert changed == (2 if jump else 0)
    assert await next_due(database) == (back if jump else NOW) + timedelta(minutes=10)


@pytest.mark.parametrize("due", [NOW, NOW - timedelta(hours=2)])
async def test_after_the_clock_was_set_back_leases_are_shortened_and_block_nothing_new(
    database: Database, reserved: int, due: datetime
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_CLIENT, due=due)
    [row] = await claim(database)
    back = NOW - timedelta(hours=1)

    assert await recall_postponed(database, back) == 1
    assert await recall_postponed(database, back) == 0
    assert await claim(database, back + LEASE - timedelta.resolution) == []
    async with database.transaction() as uow:
        assert await uow.outbox.renew(row, back + LEASE - SECOND)
        reply = await uow.outbox.reply(ALICE_CHAT, ALICE, {"text": "Hello"}, back)
        assert reply.due_at == back
    assert [each.id for each in await claim(database, back + 2 * LEASE)] == [row.id]


async def test_of_two_equal_notifications_in_one_call_one_is_added(
    database: Database, reserved: int
) -> None:
    async with database.transaction() as uow:
        await uow.outbox.notify(
            [Notification(ALICE, Kind.HOLD_WARNING, reserved, NOW, 2) for _ in range(2)]
        )

    assert len(await settle_all_due(database)) == 1


async def test_settling_the_old_warning_keeps_the_new_one_due(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_WARNING)
    [claimed] = await claim(database)
    await record_result(database, claimed)
    await notify(database, reserved, Kind.HOLD_WARNING, due=NOW + timedelta(minutes=30), revision=3)

    assert await next_due(database) == NOW + timedelta(minutes=30)
    assert [row.kind for row in await claim(database, NOW + timedelta(minutes=30))] == [
        "hold_warning"
    ]


async def test_a_reply_is_leased_to_its_writer_and_deleted_once_sent(
    database: Database, reserved: int
) -> None:
    async with database.transaction() as uow:
        reply = await uow.outbox.reply(ALICE_CHAT, ALICE, {"text": "Zoë", "keyboard": [[1]]}, NOW)

    assert (reply.kind, reply.payload, reply.attempts) == (
        REPLY,
        {"text": "Zoë", "keyboard": [[1]]},
        1,
    )
    assert await claim(database, NOW + LEASE - SECOND) == []
    assert await claim(database, NOW + LEASE) == [replace(reply, attempts=2)]
    await record_result(database, replace(reply, attempts=2))
    assert rows(database.url, "SELECT count(*) FROM outbox WHERE kind = 'reply'") == [(0,)]


async def test_a_parked_reply_is_kept(database: Database, reserved: int) -> None:
    async with database.transaction() as uow:
        reply = await uow.outbox.reply(ALICE_CHAT, ALICE, {"text": "Hello"}, NOW)
    await record_result(database, reply, "parked")

    assert rows(database.url, "SELECT state, error FROM outbox WHERE kind = 'reply'") == [
        ("parked", "why")
    ]


@pytest.mark.parametrize("joins", ["nestloop", "hashjoin", "mergejoin"])
async def test_notifications_keep_their_order_however_postgresql_joins(
    database: Database, reserved: int, joins: str
) -> None:
    kinds = [Kind.HOLD_EXPIRED, Kind.HOLD_WARNING, Kind.BOOKING_CONFIRMED]
    given = [(person, kind) for kind in kinds for person in (DORA, ALICE, BOB)]
    before = rows(database.url, "SELECT recipient_id, kind FROM outbox")
    async with database.transaction() as uow:
        if database.url.startswith("postgresql"):
            for other in {"nestloop", "hashjoin", "mergejoin"} - {joins}:
                await uow.connection.execute(text(f"SET LOCAL enable_{other} = off"))
        await uow.outbox.notify(
            [Notification(person, kind, reserved, NOW, 2) for person, kind in given]
        )

    assert rows(database.url, "SELECT recipient_id, kind FROM outbox ORDER BY id") == before + given


async def test_postponing_one_row_postpones_all_rows_of_the_recipient(
    database: Database, reserved: int
) -> None:
    later = NOW + timedelta(minutes=1)
    await notify(database, reserved, Kind.HOLD_EXPIRED, Kind.HOLD_WARNING)
    await notify(database, reserved, Kind.BOOKING_CONFIRMED, recipient=DORA, due=NOW + SECOND)
    [first, *_] = await claim(database, limit=1)
    async with database.transaction() as uow:
        await uow.outbox.postpone(first, later, "slow down")

    assert [row.recipient_id for row in await claim(database, later - timedelta.resolution)] == [
        DORA
    ]
    assert rows(database.url, "SELECT error FROM outbox WHERE error IS NOT NULL") == [
        ("slow down",)
    ]
    assert [row.kind for row in await settle_all_due(database, later)] == [
        "hold_expired",
        "hold_warning",
    ]


async def test_rows_for_an_unreachable_person_are_withheld_until_they_return(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_WARNING, due=NOW + timedelta(days=1))
    await notify(database, reserved, Kind.BOOKING_CONFIRMED, recipient=DORA)
    async with database.transaction() as uow:
        await uow.outbox.withhold(ALICE_CHAT, NOW, "blocked")

    assert [row.recipient_id for row in await claim(database, NOW + timedelta(days=2))] == [DORA]
    await resume(database, ALICE, NOW + SECOND)
    assert await claim(database, NOW + timedelta(hours=23)) == []
    assert [
        (row.recipient_id, row.attempts) for row in await claim(database, NOW + timedelta(days=1))
    ] == [(ALICE, 1)]


async def resume(database: Database, number: int, now: datetime) -> None:
    """The person writes again."""
    async with database.transaction() as uow:
        known = await uow.queries.person(number)
        assert known
        await uow.outbox.resume(known, now)


async def withheld(database: Database, number: int) -> list[OutboxRow]:
    async with database.snapshot() as uow:
        return list((await uow.outbox.withheld(account_of(number), 50)).rows)


async def test_one_message_is_owed_for_all_that_was_withheld(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_EXPIRED, due=NOW + SECOND)
    await notify(database, reserved, Kind.CANCELLED_BY_PROVIDER)
    await notify(database, reserved, Kind.HOLD_WARNING, due=NOW + timedelta(days=1))
    async with database.transaction() as uow:
        await uow.outbox.withhold(ALICE_CHAT, NOW + 2 * SECOND, "blocked")
    assert [row.kind for row in await withheld(database, ALICE)] == [
        "cancelled_by_provider",
        "hold_expired",
        "hold_warning",
    ]

    await resume(database, ALICE, NOW + 3 * SECOND)
    [missed] = await claim(database, NOW + 3 * SECOND)
    assert (missed.kind, missed.chat_id, missed.recipient_id) == (MISSED, ALICE_CHAT, ALICE)
    assert [row.kind for row in await withheld(database, ALICE)] == [
        "cancelled_by_provider",
        "hold_expired",
    ]
    # What falls due later is due then.
    await record_result(database, missed)
    assert await next_due(database) == NOW + timedelta(days=1)


async def test_what_was_withheld_while_the_clock_was_ahead_is_owed_at_once(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.CANCELLED_BY_PROVIDER, due=NOW + timedelta(hours=1))
    async with database.transaction() as uow:
        await uow.outbox.withhold(ALICE_CHAT, NOW + timedelta(hours=1), "blocked")

    await resume(database, ALICE, NOW)

    assert [row.kind for row in await claim(database, NOW)] == [MISSED]
    assert [row.kind for row in await withheld(database, ALICE)] == ["cancelled_by_provider"]


async def test_the_replies_of_one_chat_are_dropped_and_returned(
    database: Database, reserved: int
) -> None:
    said = [{"steps": [number]} for number in range(2)]
    async with database.transaction() as uow:
        for payload in said:
            await uow.outbox.reply(ALICE_CHAT, ALICE, payload, NOW)
        await uow.outbox.reply(account_of(DORA), DORA, {"steps": []}, NOW)
    async with database.transaction() as uow:
        dropped = await uow.outbox.drop_replies(ALICE_CHAT)
        assert sorted(dropped, key=str) == said
        assert await uow.outbox.drop_replies(ALICE_CHAT) == []

    left = rows(database.url, "SELECT kind, chat_id FROM outbox ORDER BY kind")
    assert left == [("hold_warning", ALICE_CHAT), ("reply", account_of(DORA))]


async def test_a_person_who_missed_nothing_is_owed_no_message(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.BOOKING_CONFIRMED, recipient=DORA)
    async with database.transaction() as uow:
        await uow.outbox.withhold(account_of(DORA), NOW, "blocked")
    await resume(database, ALICE, NOW)

    assert await next_due(database) is None
    assert len(await withheld(database, DORA)) == 1


async def test_a_message_of_what_was_missed_replaces_the_one_that_was_withheld_itself(
    database: Database, reserved: int
) -> None:
    await notify(database, reserved, Kind.HOLD_EXPIRED)
    for turn in (1, 3):
        async with database.transaction() as uow:
            await uow.outbox.withhold(ALICE_CHAT, NOW + turn * SECOND, "blocked")
        await resume(database, ALICE, NOW + (turn + 1) * SECOND)

    assert [row.kind for row in await withheld(database, ALICE)] == ["hold_expired"]
    assert [row.kind for row in await settle_all_due(database, NOW + 9 * SECOND)] == [MISSED]


async def test_withheld_rows_are_settled_each_with_its_state(
    database: Database, reserved: int
) -> None:
    kinds = (Kind.HOLD_EXPIRED, Kind.CANCELLED_BY_PROVIDER, Kind.BOOKING_CONFIRMED)
    await notify(database, reserved, *kinds)
    await notify(database, reserved, Kind.BOOKING_CONFIRMED, recipient=DORA)
    async with database.transaction() as uow:
        for number in (ALICE, DORA):
            await uow.outbox.withhold(account_of(number), NOW, "blocked")
    first, second, third = await withheld(database, ALICE)
    [other] = await withheld(database, DORA)
    async with database.transaction() as uow:
        states = {first.id: "sent", second.id: "skipped", other.id: "sent"}
        await uow.outbox.settle_withheld(ALICE_CHAT, states, second.id, NOW + SECOND)

    later = micros(NOW + SECOND)
    assert rows(
        database.url,
        "SELECT id, state, settled_at, error, attempts FROM outbox WHERE kind <> 'hold_warning'"
        " ORDER BY id",
    ) == [
        (first.id, "sent", later, None, 1),
        (second.id, "skipped", later, None, 1),
        (third.id, "withheld", micros(NOW), "blocked", 0),
        (other.id, "withheld", micros(NOW), "blocked", 0),
    ]


async def test_each_recipients_delivery_is_known_for_the_latest_revision(
    database: Database, reserved: int
) -> None:
    async def delivery(number: int, kind: Kind = Kind.BOOKING_CONFIRMED) -> DeliveryRecord | None:
        async with database.snapshot() as uow:
            return await uow.queries.delivery_of(kind, number, reserved)

    for recipient in (DORA, EMIL):
        await notify(database, reserved, Kind.BOOKING_CONFIRMED, recipient=recipient)
    assert await delivery(DORA) == await delivery(EMIL) == DeliveryRecord("due", 0, 0)
    [row] = await claim(database, limit=1)
    async with database.transaction() as uow:
        await uow.outbox.keep(row, row.refused())
    assert row.recipient_id == DORA
    assert await delivery(DORA) == DeliveryRecord("due", 1, 1)
    assert await delivery(EMIL) == DeliveryRecord("due", 0, 0)
    await record_result(database, row)
    assert await delivery(DORA) == DeliveryRecord("sent", 1, 1)

    await notify(database, reserved, Kind.BOOKING_CONFIRMED, recipient=DORA, revision=4)
    assert await delivery(DORA) == DeliveryRecord("due", 0, 0)
    assert await delivery(ALICE) is await delivery(DORA, Kind.HOLD_EXPIRED) is None


async def test_the_actor_of_a_revision_is_the_person_who_did_it(
    database: Database, reserved: int
) -> None:
    async with database.transaction() as uow:
        held = await uow.queries.reservation(reserved)
        assert held is not None
        booked = await confirm_hold(uow, POLICY, reserved, ALICE, NOW)
        ended = await cancel_by_provider(uow, POLICY, reserved, DORA, NOW)
        actors = [await uow.queries.actor_of(each) for each in (held, booked, ended)]
        unknown = await uow.queries.actor_of(replace(ended, revision=ended.revision + 1))
    assert [each.id for each in actors if each] == [ALICE, ALICE, DORA]
    assert unknown is None


async def test_the_nightly_cleanup_deletes_old_rows(database: Database) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
    held = await hold(database, ALICE, dora, OPENING)
    async with database.transaction() as uow:
        await confirm_hold(uow, POLICY, held.id, ALICE, NOW)
        await uow.updates.begin(1, NOW)
        await uow.updates.failed(1, "error", NOW, limit=3)
    await notify(database, held.id, Kind.HOLD_EXPIRED, revision=1)
    for state in ("parked", "sent"):
        [row] = await claim(database, limit=1)
        await record_result(database, row, state)

    confirmed = "SELECT count(*) FROM reservation WHERE status = 'confirmed'"

    async def left(now: datetime) -> tuple[list[int], int]:
        """Clean up; return how many rows four tables have, and how many bookings there are."""
        async with database.transaction() as uow:
            await uow.pruning.prune(now)
        kept, [(bookings,)] = all_rows(database.url), rows(database.url, confirmed)
        counted = ("busy", "processed_update", "failed_update", "outbox")
        return [len(kept[name]) for name in counted], bookings

    a_day_after = held.span.ends_at + timedelta(days=1)
    assert await left(NOW) == ([2 * QUARTER, 1, 1, 3], 1)
    assert (await left(a_day_after - timedelta(minutes=5)))[1] == 1
    assert await left(a_day_after) == ([0, 0, 1, 3], 0)
    assert await left(NOW + timedelta(days=31)) == ([0, 0, 0, 1], 0)
    assert rows(database.url, "SELECT state FROM outbox ORDER BY state") == [("due",)]


async def test_a_snapshot_reads_one_state_and_cannot_write(database: Database) -> None:
    async with database.transaction() as uow:
        await open_clinic(uow)

    async with database.snapshot() as reader:
        assert await reader.queries.person(BOB)
        async with database.transaction() as uow:
            await uow.people.record_contact(Contact(7, "New"), NOW)
        assert await reader.queries.account(7) is None
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await reader.people.choose_zone(CARA, "UTC")
    async with database.snapshot() as reader:
        assert await reader.queries.account(7)


@pytest.mark.engines("sqlite")
async def test_sqlite_connections_have_the_required_settings(database: Database) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000, "foreign_keys": 1}

    async def pragmas(uow: SqlUnitOfWork) -> dict[str, object]:
        return {
            name: await uow.connection.scalar(text(f"PRAGMA {name}"))
            for name in (*wanted, "query_only", "wal_autocheckpoint")
        }

    async with database.transaction() as uow:
        assert await pragmas(uow) == {**wanted, "query_only": 0, "wal_autocheckpoint": 1000}
    async with database.snapshot() as uow:
        assert await pragmas(uow) == {**wanted, "query_only": 1, "wal_autocheckpoint": 0}
    assert (await database.version()).startswith("SQLite 3.")


@pytest.mark.engines("postgresql")
async def test_postgresql_connections_have_the_required_settings(database: Database) -> None:
    wanted = {
        "application_name": "slotkeeper",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "15s",
        "jit": "off",
    }

    async def settings(*, write: bool) -> dict[str, object]:
        async with database.transaction() if write else database.snapshot() as uow:
            names = (*wanted, "transaction_isolation", "transaction_read_only")
            return {name: await uow.connection.scalar(text(f"SHOW {name}")) for name in names}

    assert await settings(write=True) == {
        **wanted,
        "transaction_isolation": "read committed",
        "transaction_read_only": "off",
    }
    assert await settings(write=False) == {
        **wanted,
        "transaction_isolation": "repeatable read",
        "transaction_read_only": "on",
    }
    assert (await database.version()).startswith("PostgreSQL ")


async def test_the_lines_of_a_chat_and_their_versions_are_stored(database: Database) -> None:
    typed, older, edit = Line(ALICE, 7, 100), Line(ALICE, 6, None), Line(ALICE, 7, 200, edited=True)
    async with database.transaction() as uow:
        assert await uow.updates.newest_line(ALICE) is None
        for number, line in enumerate((older, typed, edit, Line(ALICE + 1, 9, 1), None)):
            assert await uow.updates.begin(number, NOW, line)
    async with database.transaction() as uow:
        assert await uow.updates.newest_line(ALICE) == 7
        assert await uow.updates.versions(edit, excluding=2) == [typed]
        assert await uow.updates.versions(typed, excluding=1) == [edit]
        assert await uow.updates.versions(older, excluding=99) == [older]
