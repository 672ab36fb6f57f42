"""The rights table: each use case against each kind of person. A refusal changes no table."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain import errors, usecases
from domain.choice import SlotChoice
from domain.invitation import digest_of
from domain.person import Contact
from domain.reservation import Reservation
from domain.timespan import TimeSpan, WallSpan
from domain.usecases.choose_settings import choose_language, choose_zone
from domain.usecases.end_reservation import cancel_by_client, cancel_by_provider, confirm_hold
from domain.usecases.find_reservation import (
    hold_to_move,
    provider_of,
    reservation_for_provider,
    reservation_of_client,
)
from domain.usecases.find_slots import (
    SlotSearch,
    can_be_held_again,
    days_with_slots,
    slots_of_day,
    soonest_slots,
)
from domain.usecases.hold_slot import hold_slot
from domain.usecases.invite import accept_invitation, invite_provider, name_provider
from domain.usecases.post_availability import discard_draft, draft_hours, draft_of, publish_draft
from domain.usecases.remove_availability import Inside, remove_availability, undo_publication
from storage.database import Database
from storage.tables import metadata
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import ALICE, BERLIN, BOB, DORA, EMIL, NOW, OPENING, POLICY, hold, open_clinic
from tests.kit.raw_database import all_rows

ADMIN, STRANGER = 1, 7
ADMINS = frozenset({ADMIN})
# Alice holds a slot of Dora's. Bob and Emil have reservations of their own; the stranger has only
# said hello.
ACTORS = {
    "the client": ALICE,
    "another": BOB,
    "the provider": DORA,
    "another provider": EMIL,
    "an admin": ADMIN,
    "a stranger": STRANGER,
}
DAYS = [((NOW + timedelta(days=3)).date(), (WallSpan(600, 660),))]
OTHER_DAYS = [((NOW + timedelta(days=4)).date(), (WallSpan(600, 660),))]

Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Stage:
    """What the actors ask for, most of it Alice's or Dora's."""

    dora: int
    held: Reservation
    draft: int
    published: int
    unused: str
    used: str

    def search(self, actor: int) -> SlotSearch:
        return SlotSearch(SlotChoice(self.dora), actor, POLICY, NOW)


@dataclass(frozen=True)
class Right:
    """How to call a use case, what it answers each actor, and whether it changes anything."""

    case: Callable[..., Awaitable[object]]
    call: Callable[[SqlUnitOfWork, int, Stage], Awaitable[object]]
    answers: tuple[str, ...]
    changes: bool = True

    @property
    def outcomes(self) -> Iterator[tuple[int, str]]:
        return zip(ACTORS.values(), self.answers, strict=True)


OK = "ok"
NONE, DRAFT = errors.ReservationUnknown.code, errors.DraftUnknown.code
OWN, PROVIDER_ONLY, ADMIN_ONLY = (
    errors.OwnSlot.code,
    errors.ProviderOnly.code,
    errors.AdminOnly.code,
)
HAS, USED, NO_CODE = (
    errors.AlreadyProvider.code,
    errors.InvitationUsed.code,
    errors.InvitationUnknown.code,
)

EVERYBODY = (OK,) * 6
# Columns:      the client, another, the provider, another provider, an admin, a stranger
CLIENT = (OK, NONE, NONE, NONE, NONE, NONE)
PROVIDER = (NONE, NONE, OK, NONE, NONE, NONE)
BOOKS = (OK, OK, OWN, OK, OK, OK)
MOVES = (OK, NONE, OWN, NONE, NONE, NONE)
EACH_PROVIDER = (PROVIDER_ONLY, PROVIDER_ONLY, OK, OK, PROVIDER_ONLY, PROVIDER_ONLY)
ITS_PROVIDER = (PROVIDER_ONLY, PROVIDER_ONLY, OK, DRAFT, PROVIDER_ONLY, PROVIDER_ONLY)
ADMIN_ONLY_OK = (ADMIN_ONLY, ADMIN_ONLY, ADMIN_ONLY, ADMIN_ONLY, OK, ADMIN_ONLY)
JOINS = (OK, OK, HAS, HAS, OK, OK)
HAS_JOINED = (USED, USED, OK, USED, USED, USED)
NOT_INVITED = (NO_CODE,) * 6

RIGHTS = {
    "confirms": Right(
        confirm_hold, lambda w, who, s: confirm_hold(w, POLICY, s.held.id, who, NOW), CLIENT
    ),
    "releases": Right(
        cancel_by_client, lambda w, who, s: cancel_by_client(w, POLICY, s.held.id, who, NOW), CLIENT
    ),
    "sees a reservation": Right(
        reservation_of_client,
        lambda w, who, s: reservation_of_client(w, s.held.id, who),
        CLIENT,
        changes=False,
    ),
    "chooses another time": Right(
        hold_to_move, lambda w, who, s: hold_to_move(w, s.held.id, who, NOW), CLIENT, changes=False
    ),
    "moves": Right(
        hold_slot,
        lambda w, who, s: hold_slot(
            w, POLICY, who, SlotChoice(s.dora, OPENING + 8, s.held.id), NOW
        ),
        MOVES,
    ),
    "holds": Right(
        hold_slot,
        lambda w, who, s: hold_slot(w, POLICY, who, SlotChoice(s.dora, OPENING + 8), NOW),
        BOOKS,
    ),
    "turns away": Right(
        cancel_by_provider,
        lambda w, who, s: cancel_by_provider(w, POLICY, s.held.id, who, NOW),
        PROVIDER,
    ),
    "sees a client's": Right(
        reservation_for_provider,
        lambda w, who, s: reservation_for_provider(w, s.held.id, who),
        PROVIDER,
        changes=False,
    ),
    "sees the agenda": Right(
        provider_of, lambda w, who, _s: provider_of(w, who), EACH_PROVIDER, changes=False
    ),
    "drafts": Right(draft_hours, lambda w, who, _s: draft_hours(w, who, DAYS, NOW), EACH_PROVIDER),
    "sees a draft": Right(
        draft_of, lambda w, who, s: draft_of(w, s.draft, who), ITS_PROVIDER, changes=False
    ),
    "publishes": Right(
        publish_draft, lambda w, who, s: publish_draft(w, s.draft, who, BERLIN, NOW), ITS_PROVIDER
    ),
    "discards": Right(
        discard_draft, lambda w, who, s: discard_draft(w, s.draft, who), ITS_PROVIDER
    ),
    "undoes": Right(
        undo_publication,
        lambda w, who, s: undo_publication(w, POLICY, s.published, who, Inside.CANCEL, NOW),
        ITS_PROVIDER,
    ),
    "removes": Right(
        remove_availability,
        lambda w, who, _s: remove_availability(
            w, POLICY, who, [TimeSpan(OPENING, OPENING + 8)], Inside.CANCEL, NOW
        ),
        EACH_PROVIDER,
    ),
    "takes a name": Right(
        name_provider,
        lambda w, who, _s: name_provider(w, who, "Person", keep_slug=False),
        EACH_PROVIDER,
    ),
    "invites": Right(
        invite_provider, lambda w, who, _s: invite_provider(w, who, ADMINS, NOW), ADMIN_ONLY_OK
    ),
    "joins": Right(
        accept_invitation,
        lambda w, who, s: accept_invitation(w, Contact(who, "Guest"), s.unused, NOW),
        JOINS,
    ),
    "joins again": Right(
        accept_invitation,
        lambda w, who, s: accept_invitation(w, Contact(who, "Guest"), s.used, NOW),
        HAS_JOINED,
        changes=False,
    ),
    "guesses": Right(
        accept_invitation,
        lambda w, who, _s: accept_invitation(w, Contact(who, "Guest"), "0", NOW),
        NOT_INVITED,
        changes=False,
    ),
    "chooses a zone": Right(
        choose_zone, lambda w, who, _s: choose_zone(w, who, "Asia/Tokyo"), EVERYBODY
    ),
    "chooses a language": Right(
        choose_language, lambda w, who, _s: choose_language(w, who, "de"), EVERYBODY
    ),
    # Everyone may see free times, which reveal nothing about taken ones.
    "looks for the first": Right(
        soonest_slots, lambda w, who, s: soonest_slots(w, s.search(who)), EVERYBODY, changes=False
    ),
    "looks at a day": Right(
        slots_of_day,
        lambda w, who, s: slots_of_day(w, s.search(who), DAYS[0][0], BERLIN),
        EVERYBODY,
        changes=False,
    ),
    "looks at a month": Right(
        days_with_slots,
        lambda w, who, s: days_with_slots(w, s.search(who), NOW.date(), DAYS[0][0], BERLIN),
        EVERYBODY,
        changes=False,
    ),
    "asks for it again": Right(
        can_be_held_again,
        lambda w, _who, s: can_be_held_again(w, POLICY, s.held, NOW),
        EVERYBODY,
        changes=False,
    ),
}

WITHOUT_ACTOR = {
    "announce": "It writes the consequences of an event that was allowed.",
    "cancel_for": "It gets a provider and a reservation of theirs.",
    "change_draft": "It gets a draft from ``draft_of`` or ``draft_hours``, which check the actor.",
    "preview_of": "The same.",
    "expire_holds": "It runs when holds expire, without an actor.",
    "expire_holds_in_way": "The same.",
}
"""The use cases that check no actor, and why."""


class Undone(Exception):
    """Rolls a transaction back."""


@pytest.fixture
async def stage(database: Database) -> Stage:
    async with database.transaction() as uow:
        dora, emil = await open_clinic(uow, clients=(ALICE, BOB, ADMIN, STRANGER))
        unused, _ = await invite_provider(uow, ADMIN, ADMINS, NOW)
        used, _ = await invite_provider(uow, ADMIN, ADMINS, NOW)
        await uow.invitations.use(digest_of(used), DORA, NOW)
        draft, published = (
            await draft_hours(uow, DORA, DAYS, NOW),
            await draft_hours(uow, DORA, OTHER_DAYS, NOW),
        )
        await publish_draft(uow, published.id, DORA, BERLIN, NOW)
    await hold(database, BOB, emil, OPENING)
    await hold(database, EMIL, dora, OPENING + 1)
    return Stage(
        dora.id, await hold(database, ALICE, dora, OPENING), draft.id, published.id, unused, used
    )


async def answer(uow: SqlUnitOfWork, right: Right, actor: int, stage: Stage) -> str:
    try:
        async with uow.savepoint():
            await right.call(uow, actor, stage)
    except errors.Refusal as refused:
        return refused.code
    return OK


async def read(uow: SqlUnitOfWork) -> Rows:
    """Return all rows that this transaction sees."""
    return {
        table.name: sorted(map(tuple, await uow.connection.execute(select(table))), key=repr)
        for table in metadata.sorted_tables
    }


def of_others(tables: Rows, actor: int) -> Rows:
    """Return the personal rows of all other people: their data, hours and drafts."""
    own = {row[0] for row in tables["provider"] if row[1] == actor}
    columns = {
        "client": (0, {actor}),
        "provider": (1, {actor}),
        "availability": (0, own),
        "draft": (1, own),
    }
    return {
        name: [row for row in tables[name] if row[column] not in excluded]
        for name, (column, excluded) in columns.items()
    }


@pytest.mark.parametrize(
    "action", [action for action, right in RIGHTS.items() if {*right.answers} != {OK}]
)
async def test_a_forbidden_action_is_refused_and_changes_nothing(
    database: Database, stage: Stage, action: str
) -> None:
    before = all_rows(database.url)
    for actor, expected in RIGHTS[action].outcomes:
        if expected != OK:
            async with database.transaction() as uow:
                assert (actor, await answer(uow, RIGHTS[action], actor, stage)) == (actor, expected)

    assert all_rows(database.url) == before


@pytest.mark.parametrize(
    "action", [action for action, right in RIGHTS.items() if OK in right.answers]
)
async def test_an_allowed_action_changes_nothing_of_other_people(
    database: Database, stage: Stage, action: str
) -> None:
    for actor, expected in RIGHTS[action].outcomes:
        if expected == OK:
            with pytest.raises(Undone):
                await perform_and_undo(database, stage, RIGHTS[action], actor)


async def perform_and_undo(database: Database, stage: Stage, right: Right, actor: int) -> None:
    """Perform an allowed action, check what it changed, and roll back."""
    async with database.transaction() as uow:
        before = await read(uow)
        assert (actor, await answer(uow, right, actor, stage)) == (actor, OK)
        after = await read(uow)
        assert (after != before) == right.changes
        assert of_others(after, actor) == of_others(before, actor)
        raise Undone


def use_case_names() -> set[str]:
    """Return the names of all public coroutine functions in the modules of use cases."""
    modules = [
        importlib.import_module(f"{usecases.__name__}.{module.name}")
        for module in pkgutil.iter_modules(usecases.__path__)
    ]
    functions = [
        pair
        for module in modules
        for pair in inspect.getmembers(module, inspect.iscoroutinefunction)
    ]
    return {
        name
        for name, function in functions
        if function.__module__.startswith(usecases.__name__) and not name.startswith("_")
    }


def test_every_use_case_is_listed_in_the_rights_table() -> None:
    assert {
        right.case.__name__ for right in RIGHTS.values()
    } | WITHOUT_ACTOR.keys() == use_case_names()
