"""The rights table: each use case against each kind of person. A refusal changes no table."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain import errors, usecases
from domain.choice import SlotChoice
from domain.invitation import InvitationKind, digest_of
from domain.person import Contact, Person
from domain.provider import Provider, Role
from domain.reservation import Reservation
from domain.timespan import TimeSpan, WallSpan
from domain.usecases.acting import provider_for, providers_of
from domain.usecases.choose_settings import (
    choose_language,
    choose_notifications,
    choose_zone,
    choose_zone_of,
    provider_without_account,
)
from domain.usecases.dismiss import assistance_of, dismiss
from domain.usecases.end_reservation import cancel_by_client, cancel_by_provider, confirm_hold
from domain.usecases.find_reservation import (
    hold_to_move,
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
from domain.usecases.guests import add_guest, guests_of
from domain.usecases.hold_slot import hold_slot
from domain.usecases.invite import (
    accept_invitation,
    add_invitation,
    add_provider,
    handover_of,
    invite,
)
from domain.usecases.name_provider import name_provider
from domain.usecases.post_availability import discard_draft, draft_hours, draft_of, publish_draft
from domain.usecases.remove_availability import Inside, remove_availability, undo_publication
from storage.database import Database
from storage.tables import metadata
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
    account_of,
    hold,
    open_clinic,
)
from tests.kit.raw_database import all_rows

ANNE, OTTO, IDA, ADMIN, NAMED = 201, 202, 203, 301, 302
# Their number is the admin's Telegram id, which makes no one an admin.
STRANGER = account_of(ADMIN)
ADMIN_IDS = frozenset({account_of(ADMIN)})
# Alice holds a slot of Dora's. Bob and Emil have reservations of their own. Fay has no Telegram
# account, and Ida works for her. The stranger has only said hello.
ACTORS = {
    "client": ALICE,
    "other_client": BOB,
    "provider": DORA,
    "other_provider": EMIL,
    "assistant": ANNE,
    "other_assistant": OTTO,
    "assistant_of_fay": IDA,
    "admin": ADMIN,
    "named_admin": NAMED,
    "stranger": STRANGER,
}
DAYS = [((NOW + timedelta(days=3)).date(), (WallSpan(600, 660),))]
OTHER_DAYS = [((NOW + timedelta(days=4)).date(), (WallSpan(600, 660),))]

Rows = dict[str, list[Any]]
# A statement is compiled once for each object, so these are made once.
EVERY_ROW = {table.name: select(table) for table in metadata.sorted_tables}
Answers = dict[str, str]


@dataclass(frozen=True)
class Practice:
    """What belongs to one provider."""

    id: int
    held: Reservation
    draft: int
    published: int


@dataclass(frozen=True)
class Stage:
    """What the actors ask for: what is Dora's or Fay's, and the codes of invitations."""

    dora: Practice
    fay: Practice
    unused: dict[InvitationKind, str]
    used: str

    def search(self, actor: int) -> SlotSearch:
        return SlotSearch(SlotChoice(self.dora.id), actor, POLICY, NOW)


Call = Callable[[SqlUnitOfWork, int, Stage], Awaitable[object]]


@dataclass(frozen=True)
class Right:
    """How to call a use case, what it answers each actor, and whether it changes anything.

    ``of_others`` is the table with rows of other people that it may change.
    """

    case: Callable[..., Awaitable[object]]
    call: Call
    answers: Answers
    changes: bool = True
    of_others: str | None = None

    def actors(self, *, allowed: bool) -> list[tuple[int, str]]:
        """Return the actors who may, or who may not, with the answer to each."""
        return [
            (ACTORS[who], answer)
            for who, answer in self.answers.items()
            if (answer == OK) is allowed
        ]


OK = "ok"
NONE, DRAFT = errors.ReservationUnknown.code, errors.DraftUnknown.code
OWN, PROVIDER_ONLY, UNKNOWN, ADMIN_ONLY = (
    errors.OwnSlot.code,
    errors.ProviderOnly.code,
    errors.ProviderUnknown.code,
    errors.AdminOnly.code,
)
HAS, ACTS, IS_ADMIN, HAS_ACCOUNT, USED, NO_CODE = (
    errors.AlreadyProvider.code,
    errors.AlreadyActing.code,
    errors.AlreadyAdmin.code,
    errors.ProviderHasAccount.code,
    errors.InvitationUsed.code,
    errors.InvitationUnknown.code,
)


def answered(otherwise: str, **answers: str) -> Answers:
    """Return what each actor is answered."""
    return dict.fromkeys(ACTORS, otherwise) | answers


WORKERS = ("provider", "other_provider", "assistant", "other_assistant", "assistant_of_fay")


def acting(refused: str, *allowed: str) -> Answers:
    """Return the answers to people who act for a provider, for others and for none."""
    return answered(PROVIDER_ONLY, **dict.fromkeys(WORKERS, refused)) | dict.fromkeys(allowed, OK)


EVERYBODY = answered(OK)
CLIENT = answered(NONE, client=OK)
ADMINS = answered(ADMIN_ONLY, admin=OK, named_admin=OK)


async def person(uow: SqlUnitOfWork, number: int) -> Person:
    found = await uow.queries.person(number)
    assert found
    return found


async def opens_handover(uow: SqlUnitOfWork, who: int, stage: Stage) -> object:
    code = stage.unused[InvitationKind.HANDOVER]
    return await handover_of(uow, await person(uow, who), code, NOW)


async def accept(uow: SqlUnitOfWork, who: int, code: str) -> object:
    contact = Contact(account_of(who), "Guest")
    guest = await person(uow, who)
    return await accept_invitation(uow, guest, contact, code, NOW, admin_ids=ADMIN_IDS)


def of_provider(name: str, at: str, *allowed: str) -> dict[str, Right]:
    """Return the rights to what is a provider's, for whom the ``allowed`` ones act."""

    def its(stage: Stage) -> Practice:
        practice: Practice = getattr(stage, at)
        return practice

    provider, draft = acting(UNKNOWN, *allowed), acting(DRAFT, *allowed)
    reservation = answered(NONE, **dict.fromkeys(allowed, OK))
    return {
        f"turns away a client of {name}": Right(
            cancel_by_provider,
            lambda w, who, s: cancel_by_provider(w, POLICY, its(s).held.id, who, NOW),
            reservation,
        ),
        f"sees a reservation with {name}": Right(
            reservation_for_provider,
            lambda w, who, s: reservation_for_provider(w, its(s).held.id, who),
            reservation,
            changes=False,
        ),
        f"sees the agenda of {name}": Right(
            provider_for, lambda w, who, s: provider_for(w, who, its(s).id), provider, changes=False
        ),
        f"drafts for {name}": Right(
            draft_hours, lambda w, who, s: draft_hours(w, who, its(s).id, DAYS, NOW), provider
        ),
        f"sees a draft of {name}": Right(
            draft_of, lambda w, who, s: draft_of(w, its(s).draft, who), draft, changes=False
        ),
        f"publishes for {name}": Right(
            publish_draft,
            lambda w, who, s: publish_draft(w, its(s).draft, who, BERLIN, NOW),
            draft,
        ),
        f"discards for {name}": Right(
            discard_draft, lambda w, who, s: discard_draft(w, its(s).draft, who), draft
        ),
        f"undoes for {name}": Right(
            undo_publication,
            lambda w, who, s: undo_publication(
                w, POLICY, its(s).published, who, Inside.CANCEL, NOW
            ),
            draft,
        ),
        f"removes for {name}": Right(
            remove_availability,
            lambda w, who, s: remove_availability(
                w,
                POLICY,
                who,
                its(s).id,
                [TimeSpan(OPENING, OPENING + 8 * QUARTER)],
                Inside.CANCEL,
                NOW,
            ),
            provider,
        ),
        f"names {name}": Right(
            name_provider,
            lambda w, who, s: name_provider(w, who, its(s).id, "Person", keep_slug=False),
            provider,
        ),
        f"enters a guest of {name}": Right(
            add_guest,
            lambda w, who, s: add_guest(w, who, its(s).id, "Mrs Smith", "+49 30 1", NOW),
            provider,
        ),
        f"switches on the notifications of {name}": Right(
            choose_notifications,
            lambda w, who, s: choose_notifications(w, who, its(s).id, wanted=True),
            provider,
            changes=False,
        ),
        f"sees the guests of {name}": Right(
            guests_of, lambda w, who, s: guests_of(w, who, its(s).id), provider, changes=False
        ),
    }


def inviting(kind: InvitationKind) -> Right:
    """Return the right to invite."""

    async def call(uow: SqlUnitOfWork, who: int, stage: Stage) -> object:
        actor = await person(uow, who)
        return await invite(uow, actor, ADMIN_IDS, kind, NOW, provider_id=stage.dora.id)

    return Right(invite, call, ADMINS)


async def adds_provider(uow: SqlUnitOfWork, who: int, _stage: Stage) -> object:
    return await add_provider(uow, await person(uow, who), ADMIN_IDS, "Gus", None, NOW)


async def asks_to_dismiss(uow: SqlUnitOfWork, who: int, stage: Stage) -> object:
    return await assistance_of(uow, await person(uow, who), ADMIN_IDS, ANNE, stage.dora.id)


async def dismisses(uow: SqlUnitOfWork, who: int, stage: Stage) -> object:
    return await dismiss(uow, await person(uow, who), ADMIN_IDS, ANNE, stage.dora.id, NOW)


def joining(kind: InvitationKind, answers: Answers, of_others: str | None = None) -> Right:
    """Return the right to accept an invitation."""
    return Right(
        accept_invitation,
        lambda w, who, s: accept(w, who, s.unused[kind]),
        answers,
        of_others=of_others,
    )


RIGHTS = {
    "confirms": Right(
        confirm_hold, lambda w, who, s: confirm_hold(w, POLICY, s.dora.held.id, who, NOW), CLIENT
    ),
    "releases": Right(
        cancel_by_client,
        lambda w, who, s: cancel_by_client(w, POLICY, s.dora.held.id, who, NOW),
        CLIENT,
    ),
    "sees a reservation": Right(
        reservation_of_client,
        lambda w, who, s: reservation_of_client(w, s.dora.held.id, who),
        CLIENT,
        changes=False,
    ),
    "chooses another time": Right(
        hold_to_move,
        lambda w, who, s: hold_to_move(w, s.dora.held.id, who, NOW),
        CLIENT,
        changes=False,
    ),
    "moves": Right(
        hold_slot,
        lambda w, who, s: hold_slot(
            w, POLICY, who, SlotChoice(s.dora.id, OPENING + 8 * QUARTER, s.dora.held.id), NOW
        ),
        answered(NONE, client=OK, provider=OWN),
    ),
    "holds": Right(
        hold_slot,
        lambda w, who, s: hold_slot(
            w, POLICY, who, SlotChoice(s.dora.id, OPENING + 8 * QUARTER), NOW
        ),
        answered(OK, provider=OWN),
    ),
    "holds with a provider without Telegram": Right(
        hold_slot,
        lambda w, who, s: hold_slot(
            w, POLICY, who, SlotChoice(s.fay.id, OPENING + 8 * QUARTER), NOW
        ),
        EVERYBODY,
    ),
    **of_provider("Dora", "dora", "provider", "assistant"),
    **of_provider("Fay", "fay", "assistant_of_fay"),
    "works for anyone": Right(
        providers_of, lambda w, who, _s: providers_of(w, who), acting(OK), changes=False
    ),
    **{f"invites {kind}": inviting(kind) for kind in InvitationKind},
    "adds a provider": Right(add_provider, adds_provider, ADMINS),
    "asks whether to remove an assistant": Right(
        assistance_of, asks_to_dismiss, ADMINS, changes=False
    ),
    # The assistant loses the provider.
    "removes an assistant": Right(dismiss, dismisses, ADMINS, of_others="acts_for"),
    "becomes a provider": joining(
        InvitationKind.PROVIDER, answered(OK, provider=HAS, other_provider=HAS)
    ),
    "becomes an assistant": joining(
        InvitationKind.ASSISTANT, answered(OK, provider=errors.OwnAssistant.code, assistant=ACTS)
    ),
    "is asked before taking over": Right(
        handover_of,
        opens_handover,
        answered(OK, provider=HAS, other_provider=HAS),
        changes=False,
    ),
    # The earlier account of the provider loses them.
    "takes over a provider": joining(
        InvitationKind.HANDOVER,
        answered(OK, provider=HAS, other_provider=HAS),
        of_others="acts_for",
    ),
    "becomes an admin": joining(
        InvitationKind.ADMIN, answered(OK, admin=IS_ADMIN, named_admin=IS_ADMIN)
    ),
    "joins again": Right(
        accept_invitation,
        lambda w, who, s: accept(w, who, s.used),
        answered(USED, provider=OK),
        changes=False,
    ),
    "guesses": Right(
        accept_invitation,
        lambda w, who, _s: accept(w, who, "0"),
        answered(NO_CODE),
        changes=False,
    ),
    "chooses a zone": Right(
        choose_zone, lambda w, who, _s: choose_zone(w, who, "Asia/Tokyo"), EVERYBODY
    ),
    "asks for the zone of Fay": Right(
        provider_without_account,
        lambda w, who, s: provider_without_account(w, who, s.fay.id),
        acting(UNKNOWN, "assistant_of_fay"),
        changes=False,
    ),
    "chooses the zone of Fay": Right(
        choose_zone_of,
        lambda w, who, s: choose_zone_of(w, who, s.fay.id, "Asia/Tokyo"),
        acting(UNKNOWN, "assistant_of_fay"),
    ),
    # Dora has an account, and chooses for herself.
    "chooses the zone of Dora": Right(
        choose_zone_of,
        lambda w, who, s: choose_zone_of(w, who, s.dora.id, "Asia/Tokyo"),
        acting(UNKNOWN) | dict.fromkeys(("provider", "assistant"), HAS_ACCOUNT),
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
        lambda w, _who, s: can_be_held_again(w, POLICY, s.dora.held, NOW),
        EVERYBODY,
        changes=False,
    ),
}

WITHOUT_ACTOR = {
    "announce": "It writes the consequences of an event that was allowed.",
    "announce_joining": "It writes the consequences of an invitation that was accepted.",
    "announce_leaving": "It writes the consequences of a removal that was allowed.",
    "announce_reachable": "It runs when someone can be notified again.",
    "add_invitation": "``invite`` checks the actor; the command line has none.",
    "cancel_for": "It gets a provider and a reservation of theirs.",
    "change_draft": "It gets a draft from ``draft_of`` or ``draft_hours``, which check the actor.",
    "preview_of": "The same.",
    "expire_holds": "It runs when holds expire, without an actor.",
    "expire_holds_in_way": "The same.",
    "free_slug": "It reads which names in links are taken, which everyone sees.",
    "is_last_reachable": "It gets what ``assistance_of`` returns, which checks the actor.",
    "mark_unreachable": "It runs when a message cannot be delivered.",
    "own_provider": "It answers what the actor is.",
    "provider_if_acting": "It answers for whom the actor acts, None for any other.",
}
"""The use cases that check no actor, and why."""


class Undone(Exception):
    """Rolls a transaction back."""


@pytest.fixture
async def stage(database: Database) -> Stage:
    async with database.transaction() as uow:
        others = [who for who in ACTORS.values() if who not in {DORA, EMIL}]
        dora, emil = await open_clinic(uow, clients=(*others, CARA))
        fay = await uow.providers.add("Fay", "fay", None, NOW)
        await uow.availability.replace(fay.id, [], [HOURS])
        for assistant, provider in ((ANNE, dora), (OTTO, emil), (IDA, fay)):
            await uow.providers.appoint(assistant, provider.id, Role.ASSISTANT, NOW)
        await uow.people.make_admin(NAMED, NOW)
        unused = {kind: (await invited(uow, kind, dora))[0] for kind in InvitationKind}
        used, _ = await invited(uow, InvitationKind.PROVIDER, dora)
        await uow.invitations.use(digest_of(used), DORA, NOW)
    await hold(database, BOB, emil, OPENING)
    await hold(database, EMIL, dora, OPENING + QUARTER)
    return Stage(
        await practice(database, dora, DORA, ALICE),
        await practice(database, fay, IDA, CARA),
        unused,
        used,
    )


async def invited(uow: SqlUnitOfWork, kind: InvitationKind, dora: Provider) -> tuple[str, object]:
    return await add_invitation(uow, kind, NOW, provider_id=dora.id, invited_by=ADMIN)


async def practice(database: Database, provider: Provider, worker: int, client: int) -> Practice:
    """Add a guest, two drafts, one of them published, and a hold of the client."""
    async with database.transaction() as uow:
        await add_guest(uow, worker, provider.id, "Mr Jones", None, NOW)
        draft = await draft_hours(uow, worker, provider.id, DAYS, NOW)
        published = await draft_hours(uow, worker, provider.id, OTHER_DAYS, NOW)
        await publish_draft(uow, published.id, worker, BERLIN, NOW)
    held = await hold(database, client, provider, OPENING)
    return Practice(provider.id, held, draft.id, published.id)


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
        name: sorted(await uow.connection.execute(every_row), key=repr)
        for name, every_row in EVERY_ROW.items()
    }


def worked_for(tables: Rows, actor: int) -> set[int]:
    """Return the providers for whom a person acts."""
    return {row.provider_id for row in tables["acts_for"] if row.person_id == actor}


def of_others(tables: Rows, actor: int, providers: set[int], excluded: str | None) -> Rows:
    """Return the rows that are neither the actor's nor of these providers."""

    def is_own(table: str, row: Any) -> bool:
        match table:
            case "person":
                return row.id == actor or row.guest_of in providers
            case "acts_for":
                return bool(row.person_id == actor)
            case "provider":
                return row.id in providers
            case "reservation":
                return row.client_id == actor or row.provider_id in providers
        return row.provider_id in providers

    return {
        name: [row for row in tables[name] if not is_own(name, row)]
        for name in ("person", "acts_for", "provider", "availability", "draft", "reservation")
        if name != excluded
    }


@pytest.mark.parametrize(
    "action", [action for action, right in RIGHTS.items() if {*right.answers.values()} != {OK}]
)
async def test_a_forbidden_action_is_refused_and_changes_nothing(
    database: Database, stage: Stage, action: str
) -> None:
    before = all_rows(database.url)
    for actor, expected in RIGHTS[action].actors(allowed=False):
        async with database.transaction() as uow:
            assert (actor, await answer(uow, RIGHTS[action], actor, stage)) == (actor, expected)

    assert all_rows(database.url) == before


@pytest.mark.parametrize(
    "action", [action for action, right in RIGHTS.items() if OK in right.answers.values()]
)
async def test_an_allowed_action_changes_nothing_of_other_people(
    database: Database, stage: Stage, action: str
) -> None:
    for actor, _ in RIGHTS[action].actors(allowed=True):
        with pytest.raises(Undone):
            await perform_and_undo(database, stage, RIGHTS[action], actor)


async def perform_and_undo(database: Database, stage: Stage, right: Right, actor: int) -> None:
    """Perform an allowed action, check what it changed, and roll back."""
    async with database.transaction() as uow:
        before = await read(uow)
        assert (actor, await answer(uow, right, actor, stage)) == (actor, OK)
        after = await read(uow)
        assert (after != before) == right.changes
        own = worked_for(before, actor) | worked_for(after, actor)
        assert of_others(after, actor, own, right.of_others) == of_others(
            before, actor, own, right.of_others
        )
        raise Undone


async def test_an_assistants_time_zone_is_not_that_of_the_hours(
    database: Database, stage: Stage
) -> None:
    async with database.transaction() as uow:
        await choose_zone(uow, ANNE, "Asia/Tokyo")
        dora = await uow.queries.provider(stage.dora.id)
        assert dora
        assert dora.time_zone is None

        await choose_zone(uow, DORA, "Asia/Tokyo")
        dora = await uow.queries.provider(stage.dora.id)
        assert dora
        assert dora.time_zone == "Asia/Tokyo"


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
