"""Whatever people do, in whatever order and at whatever time: the database holds just what the rules say that it holds."""

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
from domain.operations.integrity import Checkup
from domain.policy import BookingPolicy
from domain.posting import DayHours, Draft
from domain.reservation import Reservation
from domain.timespan import TimeSpan, WallSpan
from domain.usecases.end_reservation import cancel_by_client, cancel_by_provider, confirm_hold
from domain.usecases.expire_holds import expire_holds
from domain.usecases.find_slots import SlotSearch
from domain.usecases.hold_slot import SlotChoice, hold_slot
from domain.usecases.post_availability import discard_draft, draft_hours, publish_draft
from domain.usecases.remove_availability import (
    Inside,
    Removal,
    remove_availability,
    undo_publication,
)
from storage.database import Database
from storage.maintenance.integrity import SqlDoctor
from storage.tables import metadata
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import ALICE, BOB, DORA, EMIL, NOW, open_clinic
from tests.kit.raw_database import rows
from tests.kit.sampling import PROFILE
from tests.storage.reference_model import QUARTER, Claim, Model, Refused, stretches

# In the full profile people take thousands of steps.
LENGTH = settings(
    max_examples=PROFILE.pick(fast=8, full=40), stateful_step_count=PROFILE.pick(fast=25, full=100)
)

# A long play in which nobody ever met these would show nothing of the rules.
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
NOBODY = 4711
_DAY_AHEAD = 96
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Starts crowd where the bookable hours begin and end; a few have passed.
starts = st.integers(-1, 9)
hours = st.tuples(
    st.one_of(st.integers(-4, 10), st.just(-100)),
    st.integers(1, 8),
    st.sampled_from([0, 0, 0, 0, 7]),
)
postings = st.lists(hours, max_size=2).map(tuple)
# Most do what is theirs to do; the others try their hand at what is somebody else's.
actors = st.sampled_from([*[None] * 8, *PEOPLE])
fates = st.sampled_from(Inside)
people = st.sampled_from(PEOPLE)
turns = st.integers(0, 2)
Act = Callable[[SqlUnitOfWork], Awaitable[Any]]


def refusal(do: Callable[[], object]) -> object:
    """Return what the model says, or the code with which it refuses."""
    try:
        return do()
    except Refused as refused:
        return refused.args[0]


def seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def plain(answer: object) -> object:
    """Return the contents of an answer, from either side, in the same plain values."""
    match answer:
        case Reservation() as r:
            return (
                r.id,
                r.client_id,
                r.provider_id,
                r.span.start,
                r.span.end,
                r.status.value,
                seconds(r.expires_at),
                r.ended_by,
            )
        case Claim() as c:
            return (
                c.number,
                c.client,
                c.provider,
                c.start,
                c.end,
                c.status,
                c.deadline,
                c.ended_by,
            )
        case Removal():
            return (answer.done, [reservation.id for reservation in answer.inside])
    return answer


def as_days(spans: tuple[tuple[int, int], ...]) -> list[DayHours]:
    """Return stretches of seconds as what a provider in UTC would have typed."""
    typed: dict[date, list[WallSpan]] = {}
    for start, end in spans:
        begin = _EPOCH + timedelta(seconds=start)
        minute = begin.hour * 60 + begin.minute
        typed.setdefault(begin.date(), []).append(WallSpan(minute, minute + (end - start) // 60))
    return [(day, tuple(walls)) for day, walls in typed.items()]


class Bookings(RuleBasedStateMachine):
    """People who book, and providers who let them, on a clock of their own; what each does is done in the model too."""

    claims = Bundle("claims")
    plans = Bundle("plans")

    # A machine is made anew for each run: where it plays, and what all of them were told, is kept with its class.
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
        first = now // QUARTER + _DAY_AHEAD + opens
        providers = self.runner.run(self._opened(TimeSpan(first, first + lasts)))
        horizon = int(HORIZON.total_seconds())
        self.model = Model(
            length, horizon, limit, now, dict(zip(providers, (DORA, EMIL), strict=True))
        )
        self.model.offered = {provider: set(range(first, first + lasts)) for provider in providers}

    async def _opened(self, opened: TimeSpan) -> tuple[int, int]:
        async with self.database.transaction() as work:
            for table in reversed(metadata.sorted_tables):
                await work._connection.execute(table.delete())
            dora, emil = await open_clinic(work, clients=(ALICE, BOB), hours=opened)
        return dora.id, emil.id

    @property
    def now(self) -> datetime:
        return _EPOCH + timedelta(seconds=self.model.now)

    @property
    def near(self) -> int:
        """The quarter a day from now."""
        return self.model.now // QUARTER + _DAY_AHEAD

    def said(self, act: Act) -> Any:
        """Return what a use case answers, or the code with which it refuses; nothing is kept of what was refused."""

        async def acted(work: SqlUnitOfWork) -> Any:
            try:
                async with work.savepoint():
                    return await act(work)
            except errors.Refusal as refused:
                return refused.code

        answer = self.runner.run(self.database.write(acted))
        self.answers[answer if isinstance(answer, str) else type(answer).__name__] += 1
        return answer

    @property
    def live_holds(self) -> list[Claim]:
        return [claim for claim in self.model.live() if claim.status == "held"]

    def agrees(self, act: Act, expected: Callable[[], object]) -> None:
        said = plain(self.said(act))
        assert said == plain(refusal(expected))

    def provider(self, turn: int) -> int:
        """Return the number of a provider; the third there is not."""
        return [*self.model.owners, NOBODY][turn]

    @rule(target=claims, client=people, turn=turns, start=starts)
    def holds(self, client: int, turn: int, start: int) -> Any:
        return self._holds(client, self.provider(turn), self.near + start, 0)

    @rule(target=claims, claim=claims, actor=actors, turn=turns, start=starts)
    def moves(self, claim: int, actor: int | None, turn: int, start: int) -> Any:
        return self._holds(
            actor or self.model.claims[claim].client, self.provider(turn), self.near + start, claim
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
        """Return the slots that are free; time leaves posted hours behind, so where there are none the provider posts some."""
        if self.model.offered[provider].isdisjoint(range(self.near + 1, self.near + 8)):
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
    def moves_to_what_is_free_again_and_again(self, pick: int, turn: int, moves: list[int]) -> None:
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
    def in_the_way(self) -> list[Claim]:
        """The dead holds that nobody has swept, of time that can still be booked."""
        return [
            c
            for c in self.model.claims.values()
            if c.is_dead(self.model.now) and c.start in self.model.free(c.client, c.provider)
        ]

    @precondition(lambda self: self.in_the_way)
    @rule(target=claims, pick=st.integers(0, 2), client=st.sampled_from([ALICE, BOB]))
    def takes_what_ran_out(self, pick: int, client: int) -> Any:
        dead = self.in_the_way[pick % len(self.in_the_way)]
        return self._holds(client, dead.provider, dead.start, 0)

    @rule(target=claims, claim=claims, client=people)
    def wants_what_somebody_has(self, claim: int, client: int) -> Any:
        return self._holds(
            client, self.model.claims[claim].provider, self.model.claims[claim].start, 0
        )

    @precondition(lambda self: self.live_holds)
    @rule(target=claims, pick=st.integers(0, 2))
    def wants_to_be_in_two_places(self, pick: int) -> Any:
        claim = self.live_holds[pick % len(self.live_holds)]
        other = next(provider for provider in self.model.owners if provider != claim.provider)
        return self._holds(claim.client, other, claim.start, 0)

    def _holds(self, client: int, provider: int, start: int, moving: int) -> Any:
        choice = SlotChoice(client, provider, start, moving or None)
        said = self.said(lambda work: hold_slot(work, self.policy, choice, self.now))
        number = said.id if isinstance(said, Reservation) else 0
        known = number in self.model.claims
        assert plain(said) == plain(
            refusal(partial(self.model.hold, client, provider, start, moving, number))
        )
        return number if number and not known else multiple()

    @rule(claim=claims, actor=actors)
    def confirms(self, claim: int, actor: int | None) -> None:
        client = actor or self.model.claims[claim].client
        self.agrees(
            lambda work: confirm_hold(work, self.policy, claim, client, self.now),
            lambda: self.model.confirm(claim, client),
        )

    @rule(claim=claims, actor=actors)
    def gives_back(self, claim: int, actor: int | None) -> None:
        client = actor or self.model.claims[claim].client
        self.agrees(
            lambda work: cancel_by_client(work, self.policy, claim, client, self.now),
            lambda: self.model.cancel_by_client(claim, client),
        )

    @rule(claim=claims, actor=actors)
    def is_turned_away(self, claim: int, actor: int | None) -> None:
        person = actor or self.model.owners[self.model.claims[claim].provider]
        self.agrees(
            lambda work: cancel_by_provider(work, self.policy, claim, person, self.now),
            lambda: self.model.cancel_by_provider(claim, person),
        )

    @rule(person=st.sampled_from([DORA, DORA, EMIL, ALICE]), chosen=postings, target=plans)
    def drafts(self, person: int, chosen: tuple[tuple[int, int, int], ...]) -> Any:
        spans = tuple(self._typed(*span) for span in chosen)
        said = self.said(lambda work: draft_hours(work, person, as_days(spans), self.now))
        number = said.id if isinstance(said, Draft) else said
        assert number == refusal(lambda: self.model.draft(person, spans, number))
        return number if isinstance(said, Draft) else multiple()

    def _typed(self, start: int, length: int, minutes: int) -> tuple[int, int]:
        """Return hours near those that can be booked, ending by midnight, some of them off the grid."""
        begin = (self.near + start) * QUARTER
        midnight = begin - begin % 86_400 + 86_400
        return begin + minutes * 60, min(begin + length * QUARTER, midnight)

    @rule(plan=plans, actor=actors)
    def publishes(self, plan: int, actor: int | None) -> None:
        person = actor or self._owner(plan)
        said = self.said(lambda work: publish_draft(work, plan, person, UTC_ZONE, self.now))
        if isinstance(said, Draft):
            said = frozenset(cell for span in said.added for cell in span.cells)
        assert said == refusal(lambda: self.model.publish(plan, person))

    @rule(plan=plans, actor=actors)
    def discards(self, plan: int, actor: int | None) -> None:
        person = actor or self._owner(plan)
        said = self.said(lambda work: discard_draft(work, plan, person))
        assert (said.state.value if isinstance(said, Draft) else said) == refusal(
            lambda: self.model.discard(plan, person)
        )

    @rule(plan=plans, actor=actors, inside=fates)
    def undoes(self, plan: int, actor: int | None, inside: Inside) -> None:
        person = actor or self._owner(plan)
        self.agrees(
            lambda work: undo_publication(work, self.policy, plan, person, inside, self.now),
            lambda: self.model.undo(plan, person, inside),
        )

    def _owner(self, plan: int) -> int:
        return self.model.owners[self.model.plans[plan].provider]

    @rule(
        person=st.sampled_from([DORA, DORA, EMIL, BOB]),
        start=starts,
        length=st.integers(1, 3),
        inside=fates,
    )
    def removes(self, person: int, start: int, length: int, inside: Inside) -> None:
        span = TimeSpan(self.near + start, self.near + start + length)
        self.agrees(
            lambda work: remove_availability(work, self.policy, person, [span], inside, self.now),
            lambda: self.model.remove(person, span.cells, inside),
        )

    @precondition(
        lambda self: any(claim.is_dead(self.model.now) for claim in self.model.claims.values())
    )
    @rule(limit=st.integers(1, 3))
    def sweeps(self, limit: int) -> None:
        # Of holds that run out at once any may be swept first, so that those are swept together.
        dead = [
            claim.deadline for claim in self.model.claims.values() if claim.is_dead(self.model.now)
        ]
        count = limit if len(set(dead)) == len(dead) else 500
        self.agrees(
            lambda work: expire_holds(work, self.policy, self.now, limit=count),
            lambda: self.model.expire(count),
        )

    @precondition(
        lambda self: any(
            claim.end * QUARTER < self.model.now for claim in self.model.claims.values()
        )
    )
    @rule()
    def tidies_up(self) -> None:
        self.agrees(lambda work: work.pruning.prune(self.now), self.model.tidy)

    @rule(passing=st.sampled_from([1, 60, 300, 900, 1500, 1799, 1800]))
    def time_passes(self, passing: int) -> None:
        self.model.now += passing

    @precondition(lambda self: self.live_holds)
    @rule(pick=st.integers(0, 5), beside=st.sampled_from([-1, 0, 1, 59]), confirming=st.booleans())
    def a_hold_comes_to_its_end(self, pick: int, beside: int, *, confirming: bool) -> None:
        claim = self.live_holds[pick % len(self.live_holds)]
        self.model.now = max(self.model.now, (claim.deadline or 0) + beside)
        (self.confirms if confirming else self.gives_back)(claim.number, None)

    @rule(
        claim=claims,
        of=st.sampled_from(["deadline", "warning", "start", "notice", "day after"]),
        beside=st.integers(-1, 1),
    )
    def time_passes_until(self, claim: int, of: str, beside: int) -> None:
        """Come to where something changes, or to a second beside it."""
        found = self.model.claims[claim]
        start, end = found.start * QUARTER, found.deadline or 0
        edges = {
            "deadline": end,
            "warning": end - 300,
            "start": start,
            "notice": start - 86_400,
            "day after": found.end * QUARTER + 86_400,
        }
        self.model.now = max(self.model.now, edges[of] + beside)

    @invariant()
    def the_tables_hold_what_the_model_holds(self) -> None:
        reservations = rows(
            self.url,
            "SELECT id, client_id, provider_id, start_cell, end_cell, status, ended_by FROM reservation",
        )
        expected = [
            (c.number, c.client, c.provider, c.start, c.end, c.status, c.ended_by)
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
    def no_cell_is_taken_twice_and_none_for_nothing(self) -> None:
        taken = rows(self.url, "SELECT kind, subject, cell, reservation_id FROM busy")
        assert len({row[:3] for row in taken}) == len(taken)
        assert set(taken) == self.model.occupied()

    @invariant()
    def each_notice_is_owed_once(self) -> None:
        outbox = rows(
            self.url, "SELECT reservation_id, kind, recipient_id, due_at, state FROM outbox"
        )
        owed = [
            (number, kind, who, due * 1_000_000, "due")
            for (number, kind), (who, due) in self.model.owed.items()
        ]
        assert sorted(outbox) == sorted(owed)

    @invariant()
    def everybody_sees_the_slots_that_are_free(self) -> None:
        asked = [(client, provider, 0) for provider in self.model.owners for client in (ALICE, BOB)]
        asked += [(claim.client, claim.provider, claim.number) for claim in self.live_holds]
        found = self.runner.run(self._free(asked))
        assert found == {who: self.model.free(*who) for who in asked}

    async def _free(
        self, asked: list[tuple[int, int, int]]
    ) -> dict[tuple[int, int, int], list[int]]:
        async with self.database.snapshot() as uow:
            searches = {
                who: SlotSearch(who[1], who[0], self.policy, self.now, who[2] or None)
                for who in asked
            }
            found = {
                who: await search.between(uow, self.near - 200, self.near + 200)
                for who, search in searches.items()
            }
        return {who: [slot.start for slot in slots] for who, slots in found.items()}

    @invariant()
    def the_doctor_finds_nothing_but_what_nobody_has_swept_and_sent(self) -> None:
        self.steps += 1
        if self.steps % 5:
            return  # Its look at the whole file takes as long as everything else.
        found = self.runner.run(self._checkup())
        due = [at for _, at in self.model.owed.values() if at <= self.model.now]
        waiting = timedelta(seconds=self.model.now - min(due)) if due else None
        assert found == Checkup(unswept=found.unswept, oldest_due=waiting)
        # It names twenty at most.
        late = self.model.unswept()
        assert set(found.unswept) <= late
        assert len(found.unswept) == min(len(late), 20)

    async def _checkup(self) -> Checkup:
        async with self.database.snapshot() as uow:
            return await SqlDoctor(uow._connection).checkup(self.now)

    def teardown(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()


def test_a_database_agrees_with_the_rules_whatever_people_do(database_url: str) -> None:
    class Here(Bookings):
        url = database_url
        answers: ClassVar[Counter[str]] = Counter()

    run_state_machine_as_test(Here, settings=LENGTH)
    print(f"\n{Here.answers.total()} acts: {dict(Here.answers.most_common())}")  # noqa: T201  (shown where pytest is asked to)

    assert not PROFILE.full or set(Here.answers) >= ANSWERS
