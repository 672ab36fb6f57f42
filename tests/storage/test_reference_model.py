"""Random actions by random people: the database always agrees with the reference model."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain import errors
from domain.choice import SlotChoice
from domain.operations.integrity import Checkup
from domain.policy import BookingPolicy
from domain.posting import DayHours, Draft
from domain.reservation import Reservation
from domain.timespan import TimeSpan, WallSpan
from domain.usecases.end_reservation import cancel_by_client, cancel_by_provider, confirm_hold
from domain.usecases.expire_holds import expire_holds
from domain.usecases.find_slots import SlotSearch
from domain.usecases.hold_slot import hold_slot
from domain.usecases.post_availability import discard_draft, draft_hours, publish_draft
from domain.usecases.remove_availability import (
    Inside,
    Removal,
    remove_availability,
    undo_publication,
)
from simulation.checks.reference_model import CELL, Claim, Model, Refused, stretches
from storage.database import Database
from storage.maintenance.integrity import SqlIntegrityCheck
from storage.tables import metadata
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.cells import DAY, QUARTER
from tests.kit.clinic import ALICE, BOB, DORA, EMIL, NOW, open_clinic
from tests.kit.raw_database import rows
from tests.kit.sampling import PROFILE

# In the full profile people take thousands of steps.
LENGTH = settings(
    max_examples=PROFILE.pick(fast=8, full=40), stateful_step_count=PROFILE.pick(fast=25, full=100)
)

# A long run that never gets these answers would show nothing about the rules.
ANSWERS = {
    "Reservation",
    "Draft",
    "slot_not_offered",
    "slot_taken",
    "client_busy",
    "hold_expired",
    "reservation_unknown",
}

UTC_ZONE = ZoneInfo("UTC")
PEOPLE = (ALICE, BOB, DORA, EMIL)
HORIZON = timedelta(hours=26)
UNKNOWN = 4711
# The quarter-hours of a day.
_DAY_AHEAD = 96
_GRID = 15 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Most starts are near the limits of the bookable hours; a few have passed.
starts = st.integers(-1, 9)
hours = st.tuples(
    st.one_of(st.integers(-4, 10), st.just(-100)),
    st.integers(1, 8),
    st.sampled_from([0, 0, 0, 0, 7]),
)
postings = st.lists(hours, max_size=2).map(tuple)
# Most act on what is their own; the others try to act on what belongs to another person.
actors = st.sampled_from([*[None] * 8, *PEOPLE])
insides = st.sampled_from(Inside)
people = st.sampled_from(PEOPLE)
turns = st.integers(0, 2)
Act = Callable[[SqlUnitOfWork], Awaitable[Any]]


def refusal(do: Callable[[], object]) -> object:
    """Return the model's answer, or the code of its refusal."""
    try:
        return do()
    except Refused as refused:
        return refused.args[0]


def seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def plain(answer: object) -> object:
    """Return an answer of either side as the same plain values."""
    match answer:
        case Reservation() as r:
            about = (r.id, r.client_id, r.provider_id, r.span.start, r.span.end, r.status.value)
            return (*about, seconds(r.expires_at), r.ended_by)
        case Claim() as c:
            about = (c.number, c.client, c.provider, c.start, c.end, c.status)
            return (*about, c.deadline, c.ended_by)
        case Removal():
            return (answer.done, [reservation.id for reservation in answer.inside])
    return answer


def as_days(spans: tuple[tuple[int, int], ...]) -> list[DayHours]:
    """Return spans of seconds as a provider in UTC would type them."""
    typed: dict[date, list[WallSpan]] = {}
    for start, end in spans:
        begin = _EPOCH + timedelta(seconds=start)
        minute = begin.hour * 60 + begin.minute
        typed.setdefault(begin.date(), []).append(WallSpan(minute, minute + (end - start) // 60))
    return [(day, tuple(walls)) for day, walls in typed.items()]


class Bookings(RuleBasedStateMachine):
    """People who book, and providers, on a simulated clock. The model repeats each action."""

    claims = Bundle("claims")
    plans = Bundle("plans")

    # Hypothesis creates a machine for each run, so what all runs share belongs to the class.
    url: ClassVar[str]
    answers: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.runner = asyncio.Runner()
        self.database = Database(self.url)
        self.policy = BookingPolicy(booking_horizon=HORIZON)

    @initialize(
        length=st.integers(1, 3),
        opens=st.integers(-2, 4),
        lasts=st.integers(4, 12),
        limit=st.integers(1, 3),
    )
    def the_venue_opens(self, length: int, opens: int, lasts: int, limit: int) -> None:
        slot = length * timedelta(minutes=15)
        self.policy = BookingPolicy(
            slot_length=slot, booking_horizon=HORIZON, holds_per_client=limit
        )
        now = int(NOW.timestamp())
        first = (now // _GRID + _DAY_AHEAD + opens) * QUARTER
        providers = self.runner.run(self._open_clinic(TimeSpan(first, first + lasts * QUARTER)))
        horizon = int(HORIZON.total_seconds())
        self.model = Model(
            length * QUARTER, horizon, limit, now, dict(zip(providers, (DORA, EMIL), strict=True))
        )
        self.model.offered = {
            provider: set(range(first, first + lasts * QUARTER)) for provider in providers
        }

    async def _open_clinic(self, opened: TimeSpan) -> tuple[int, int]:
        async with self.database.transaction() as uow:
            for table in reversed(metadata.sorted_tables):
                await uow.connection.execute(table.delete())
            dora, emil = await open_clinic(uow, clients=(ALICE, BOB), hours=opened)
        return dora.id, emil.id

    @property
    def now(self) -> datetime:
        return _EPOCH + timedelta(seconds=self.model.now)

    @property
    def near(self) -> int:
        """The first cell of the quarter-hour a day from now."""
        return self._quarters_later(0)

    def _quarters_later(self, quarters: int) -> int:
        """Return the first cell of a quarter-hour, counted from the one a day from now."""
        return (self.model.now // _GRID + _DAY_AHEAD + quarters) * QUARTER

    def run_act(self, act: Act) -> Any:
        """Return the answer of a use case, or the code of its refusal, which is rolled back."""

        async def attempt(uow: SqlUnitOfWork) -> Any:
            try:
                async with uow.savepoint():
                    return await act(uow)
            except errors.Refusal as refused:
                return refused.code

        answer = self.runner.run(self.database.write(attempt))
        self.answers[answer if isinstance(answer, str) else type(answer).__name__] += 1
        return answer

    @property
    def live_holds(self) -> list[Claim]:
        return [claim for claim in self.model.live() if claim.status == "held"]

    def check_agreement(self, act: Act, expected: Callable[[], object]) -> None:
        run_act = plain(self.run_act(act))
        assert run_act == plain(refusal(expected))

    def provider(self, turn: int) -> int:
        """Return the id of a provider; the third one does not exist."""
        return [*self.model.owners, UNKNOWN][turn]

    @rule(target=claims, client=people, turn=turns, start=starts)
    def holds(self, client: int, turn: int, start: int) -> Any:
        return self._holds(client, self.provider(turn), self._quarters_later(start), 0)

    @rule(target=claims, claim=claims, actor=actors, turn=turns, start=starts)
    def moves(self, claim: int, actor: int | None, turn: int, start: int) -> Any:
        return self._holds(
            actor or self.model.claims[claim].client,
            self.provider(turn),
            self._quarters_later(start),
            claim,
        )

    @rule(
        target=claims,
        client=st.sampled_from([ALICE, BOB]),
        turn=st.integers(0, 1),
        which=st.integers(0, 8),
        at_once=st.sampled_from([0, 0, 1]),
    )
    def holds_what_is_free(self, client: int, turn: int, which: int, at_once: int) -> Any:
        provider = self.provider(turn)
        free = self._free_by_now(client, provider)
        claim = self._holds(client, provider, free[which % len(free)], 0)
        if at_once and isinstance(claim, int):
            self.confirms(claim, None)
        return claim

    def _free_by_now(self, client: int, provider: int, moving: int = 0) -> list[int]:
        """Return the free slots; if all posted hours have passed, the provider posts some first."""
        if self.model.offered[provider].isdisjoint(
            range(self.near + QUARTER, self.near + 8 * QUARTER)
        ):
            owner = self.model.owners[provider]
            plan = self.drafts(owner, ((0, 6, 0), (6, 4, 0)))
            self.publishes(plan, owner)
        return self.model.free(client, provider, moving) or [self.near]

    @precondition(lambda self: self.live_holds)
    @rule(
        pick=st.integers(0, 2),
        turn=st.integers(0, 1),
        moves=st.lists(st.sampled_from([60, 900, 1500]), min_size=2, max_size=3),
    )
    def moves_repeatedly_to_free_slots(self, pick: int, turn: int, moves: list[int]) -> None:
        claim, provider = self.live_holds[pick % len(self.live_holds)], self.provider(turn)
        for later in moves:
            self.model.now = min(self.model.now + later, (claim.deadline or 0) - 1)
            free = [
                start
                for start in self._free_by_now(claim.client, provider, claim.number)
                if start != claim.start
            ]
            self._holds(claim.client, provider, (free or [self.near])[-1], claim.number)

    @property
    def overdue_holds(self) -> list[Claim]:
        """The overdue holds that were not swept, in time that can still be booked."""
        return [
            c
            for c in self.model.claims.values()
            if c.is_overdue(self.model.now) and c.start in self.model.free(c.client, c.provider)
        ]

    @precondition(lambda self: self.overdue_holds)
    @rule(target=claims, pick=st.integers(0, 2), client=st.sampled_from([ALICE, BOB]))
    def holds_the_slot_of_an_overdue_hold(self, pick: int, client: int) -> Any:
        overdue = self.overdue_holds[pick % len(self.overdue_holds)]
        return self._holds(client, overdue.provider, overdue.start, 0)

    @rule(target=claims, claim=claims, client=people)
    def holds_a_taken_slot(self, claim: int, client: int) -> Any:
        return self._holds(
            client, self.model.claims[claim].provider, self.model.claims[claim].start, 0
        )

    @precondition(lambda self: self.live_holds)
    @rule(target=claims, pick=st.integers(0, 2))
    def holds_a_second_slot_at_the_same_time(self, pick: int) -> Any:
        claim = self.live_holds[pick % len(self.live_holds)]
        other = next(provider for provider in self.model.owners if provider != claim.provider)
        return self._holds(claim.client, other, claim.start, 0)

    def _holds(self, client: int, provider: int, start: int, moving: int) -> Any:
        choice = SlotChoice(provider, start, moving or None)
        run_act = self.run_act(lambda uow: hold_slot(uow, self.policy, client, choice, self.now))
        number = run_act.id if isinstance(run_act, Reservation) else 0
        known = number in self.model.claims
        assert plain(run_act) == plain(
            refusal(partial(self.model.hold, client, provider, start, moving, number))
        )
        return number if number and not known else multiple()

    @rule(claim=claims, actor=actors)
    def confirms(self, claim: int, actor: int | None) -> None:
        client = actor or self.model.claims[claim].client
        self.check_agreement(
            lambda uow: confirm_hold(uow, self.policy, claim, client, self.now),
            lambda: self.model.confirm(claim, client),
        )

    @rule(claim=claims, actor=actors)
    def is_cancelled_by_the_client(self, claim: int, actor: int | None) -> None:
        client = actor or self.model.claims[claim].client
        self.check_agreement(
            lambda uow: cancel_by_client(uow, self.policy, claim, client, self.now),
            lambda: self.model.cancel_by_client(claim, client),
        )

    @rule(claim=claims, actor=actors)
    def is_cancelled_by_the_provider(self, claim: int, actor: int | None) -> None:
        person = actor or self.model.owners[self.model.claims[claim].provider]
        self.check_agreement(
            lambda uow: cancel_by_provider(uow, self.policy, claim, person, self.now),
            lambda: self.model.cancel_by_provider(claim, person),
        )

    @rule(person=st.sampled_from([DORA, DORA, EMIL, ALICE]), chosen=postings, target=plans)
    def drafts(self, person: int, chosen: tuple[tuple[int, int, int], ...]) -> Any:
        spans = tuple(self._typed(*span) for span in chosen)
        run_act = self.run_act(
            lambda uow: draft_hours(uow, person, self._own(person), as_days(spans), self.now)
        )
        number = run_act.id if isinstance(run_act, Draft) else run_act
        assert number == refusal(lambda: self.model.draft(person, spans, number))
        return number if isinstance(run_act, Draft) else multiple()

    def _typed(self, start: int, length: int, minutes: int) -> tuple[int, int]:
        """Return hours near the bookable ones that end by midnight, some of them off the grid."""
        begin = self._quarters_later(start) * CELL
        midnight = begin - begin % 86_400 + 86_400
        return begin + minutes * 60, min(begin + length * _GRID, midnight)

    @rule(plan=plans, actor=actors)
    def publishes(self, plan: int, actor: int | None) -> None:
        person = actor or self._owner(plan)
        run_act = self.run_act(lambda uow: publish_draft(uow, plan, person, UTC_ZONE, self.now))
        if isinstance(run_act, Draft):
            run_act = frozenset(cell for span in run_act.added for cell in span.cells)
        assert run_act == refusal(lambda: self.model.publish(plan, person))

    @rule(plan=plans, actor=actors)
    def discards(self, plan: int, actor: int | None) -> None:
        person = actor or self._owner(plan)
        run_act = self.run_act(lambda uow: discard_draft(uow, plan, person))
        assert (run_act.state.value if isinstance(run_act, Draft) else run_act) == refusal(
            lambda: self.model.discard(plan, person)
        )

    @rule(plan=plans, actor=actors, inside=insides)
    def undoes(self, plan: int, actor: int | None, inside: Inside) -> None:
        person = actor or self._owner(plan)
        self.check_agreement(
            lambda uow: undo_publication(uow, self.policy, plan, person, inside, self.now),
            lambda: self.model.undo(plan, person, inside),
        )

    def _own(self, person: int) -> int:
        """Return the person's own provider; for a client, any provider."""
        owned = {owner: provider for provider, owner in self.model.owners.items()}
        return owned.get(person, next(iter(self.model.owners)))

    def _owner(self, plan: int) -> int:
        return self.model.owners[self.model.plans[plan].provider]

    @rule(
        person=st.sampled_from([DORA, DORA, EMIL, BOB]),
        start=starts,
        length=st.integers(1, 3),
        off=st.sampled_from([0, 0, 0, 1]),
        inside=insides,
    )
    def removes(self, person: int, start: int, length: int, off: int, inside: Inside) -> None:
        first = self._quarters_later(start) + off
        span = TimeSpan(first, first + length * QUARTER)
        self.check_agreement(
            lambda uow: remove_availability(
                uow, self.policy, person, self._own(person), [span], inside, self.now
            ),
            lambda: self.model.remove(person, span.cells, inside),
        )

    @precondition(
        lambda self: any(claim.is_overdue(self.model.now) for claim in self.model.claims.values())
    )
    @rule(limit=st.integers(1, 3))
    def sweeps(self, limit: int) -> None:
        # Of holds that expire at once, any may be swept first, so sweep those together.
        overdue = [
            claim.deadline
            for claim in self.model.claims.values()
            if claim.is_overdue(self.model.now)
        ]
        count = limit if len(set(overdue)) == len(overdue) else 500
        self.check_agreement(
            lambda uow: expire_holds(uow, self.policy, self.now, limit=count),
            lambda: self.model.expire(count),
        )

    @precondition(
        lambda self: any(claim.end * CELL < self.model.now for claim in self.model.claims.values())
    )
    @rule()
    def is_cleaned_up(self) -> None:
        self.check_agreement(lambda uow: uow.pruning.prune(self.now), self.model.clean_up)

    @rule(passing=st.sampled_from([1, 60, 300, 900, 1500, 1799, 1800]))
    def time_passes(self, passing: int) -> None:
        self.model.now += passing

    @precondition(lambda self: self.live_holds)
    @rule(pick=st.integers(0, 5), beside=st.sampled_from([-1, 0, 1, 59]), confirming=st.booleans())
    def time_passes_until_a_hold_expires(self, pick: int, beside: int, *, confirming: bool) -> None:
        claim = self.live_holds[pick % len(self.live_holds)]
        self.model.now = max(self.model.now, (claim.deadline or 0) + beside)
        (self.confirms if confirming else self.is_cancelled_by_the_client)(claim.number, None)

    @rule(
        claim=claims,
        of=st.sampled_from(["deadline", "warning", "start", "notice", "day after"]),
        beside=st.integers(-1, 1),
    )
    def time_passes_until(self, claim: int, of: str, beside: int) -> None:
        """Move the clock to an instant at which something changes, or a second beside it."""
        found = self.model.claims[claim]
        start, end = found.start * CELL, found.deadline or 0
        edges = {
            "deadline": end,
            "warning": end - 300,
            "start": start,
            "notice": start - 86_400,
            "day after": found.end * CELL + 86_400,
        }
        self.model.now = max(self.model.now, edges[of] + beside)

    @invariant()
    def the_tables_hold_what_the_model_holds(self) -> None:
        reservations = rows(
            self.url,
            "SELECT id, client_id, provider_id, start_cell, end_cell, status, ended_by, revision"
            " FROM reservation",
        )
        expected = [
            (c.number, c.client, c.provider, c.start, c.end, c.status, c.ended_by, c.revision)
            for c in self.model.claims.values()
        ]
        assert sorted(reservations) == sorted(expected)
        posted = [
            (provider, *span)
            for provider, cells in self.model.offered.items()
            for span in stretches(cells)
        ]
        assert sorted(
            rows(self.url, "SELECT provider_id, start_cell, end_cell FROM availability")
        ) == sorted(posted)

    @invariant()
    def the_busy_cells_are_those_of_the_model(self) -> None:
        taken = rows(self.url, "SELECT kind, subject, cell, reservation_id FROM busy")
        assert len({row[:3] for row in taken}) == len(taken)
        assert set(taken) == self.model.occupied()

    @invariant()
    def each_notification_is_stored_once(self) -> None:
        outbox = rows(
            self.url, "SELECT subject_id, revision, kind, recipient_id, due_at, state FROM outbox"
        )
        owed = [
            (number, revision, kind, who, due * 1_000_000, "due")
            for (number, revision, kind), (who, due) in self.model.owed.items()
        ]
        assert sorted(outbox) == sorted(owed)

    @invariant()
    def the_history_has_one_row_for_each_act(self) -> None:
        told = rows(self.url, "SELECT reservation_id, revision, actor_id, act FROM history")
        assert sorted(told, key=repr) == sorted(self.model.history, key=repr)

    @invariant()
    def all_people_see_the_same_free_slots_as_the_model(self) -> None:
        asked = [(client, provider, 0) for provider in self.model.owners for client in (ALICE, BOB)]
        asked += [(claim.client, claim.provider, claim.number) for claim in self.live_holds]
        found = self.runner.run(self._free(asked))
        assert found == {who: self.model.free(*who) for who in asked}

    async def _free(
        self, asked: list[tuple[int, int, int]]
    ) -> dict[tuple[int, int, int], list[int]]:
        async with self.database.snapshot() as uow:
            searches = {
                who: SlotSearch(
                    SlotChoice(who[1], moving=who[2] or None), who[0], self.policy, self.now
                )
                for who in asked
            }
            found = {
                who: await search.between(uow, self.near - 2 * DAY, self.near + 2 * DAY)
                for who, search in searches.items()
            }
        return {who: [slot.start for slot in slots] for who, slots in found.items()}

    @invariant()
    def the_integrity_check_finds_only_unswept_holds_and_due_messages(self) -> None:
        self.steps += 1
        if self.steps % 5:
            return  # Checking the whole file takes as long as everything else.
        found = self.runner.run(self._check_integrity())
        due = [at for _, at in self.model.owed.values() if at <= self.model.now]
        waiting = timedelta(seconds=self.model.now - min(due)) if due else None
        assert found == Checkup(unswept=found.unswept, oldest_due=waiting)
        # It reports at most 20.
        late = self.model.unswept()
        assert set(found.unswept) <= late
        assert len(found.unswept) == min(len(late), 20)

    async def _check_integrity(self) -> Checkup:
        async with self.database.snapshot() as uow:
            return await SqlIntegrityCheck(uow.connection).run(self.now)

    def teardown(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()


def test_the_database_agrees_with_the_reference_model(database_url: str) -> None:
    class OnDatabase(Bookings):
        url = database_url
        answers: ClassVar[Counter[str]] = Counter()

    run_state_machine_as_test(OnDatabase, settings=LENGTH)
    print(f"\n{OnDatabase.answers.total()} acts: {dict(OnDatabase.answers.most_common())}")  # noqa: T201

    assert not PROFILE.full or set(OnDatabase.answers) >= ANSWERS
