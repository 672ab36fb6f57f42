"""A reference model of the booking rules on sets of cells, to compare the database with.

It is written from the rules, not from the code under test, and imports none of it. Everything is in
memory. Times are whole seconds since 1970, and a cell is ``seconds // 300``. If several rules
refuse, the first one checked decides.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

CELL = 5 * 60
GRID = 15 * 60
NOTICE = 24 * 60 * 60
HOLD = 30 * 60
WARNING = 5 * 60
SWEPT_WITHIN = 5 * 60
CELLS_KEPT = 24 * 60 * 60

Spans = tuple[tuple[int, int], ...]


class Refused(Exception):
    """A rule refuses; the only argument is its code."""


def refuse(code: str, *, when: bool = True) -> None:
    """Raise Refused with a code if a condition is true."""
    if when:
        raise Refused(code)


@dataclass
class Claim:
    """A past or present reservation of a client with a provider, from the cell ``start`` on."""

    number: int
    client: int
    provider: int
    start: int
    length: int
    deadline: int | None
    first_held: int
    status: str = "held"
    was_confirmed: bool = False
    ended_by: str | None = None
    revision: int = 1

    @property
    def cells(self) -> range:
        """Return the cells."""
        return range(self.start, self.start + self.length)

    @property
    def end(self) -> int:
        """Return the cell after the last one."""
        return self.start + self.length

    def is_live(self, now: int) -> bool:
        """Return whether it occupies its time."""
        return self.status == "confirmed" or (
            self.status == "held" and self.deadline is not None and now < self.deadline
        )

    def is_overdue(self, now: int) -> bool:
        """Return whether this is a hold that has ended and was not swept."""
        return self.status == "held" and not self.is_live(now)

    def overlaps(self, cells: Iterable[int]) -> bool:
        """Return whether it has one of these cells."""
        return not set(self.cells).isdisjoint(cells)

    def refuse_to_end_unless_live(self, now: int) -> None:
        """Refuse to end a reservation that is not live or has begun, with the reason."""
        refuse("hold_expired", when=self.status == "expired" or self.is_overdue(now))
        released = (
            self.status == "cancelled" and self.ended_by == "client" and not self.was_confirmed
        )
        refuse("hold_released", when=released)
        refuse("reservation_cancelled", when=self.status == "cancelled")
        refuse("reservation_past", when=self.status == "completed" or now >= self.start * CELL)


@dataclass
class Plan:
    """A draft of a provider's hours: spans in seconds, and the cells that publishing added."""

    provider: int
    spans: Spans
    state: str = "open"
    added: frozenset[int] = frozenset()


@dataclass
class Model:
    """The whole state: the hours of providers, the claims on them, and the notifications owed."""

    length: int
    horizon: int
    holds_per_client: int
    now: int
    owners: dict[int, int]
    offered: dict[int, set[int]] = field(default_factory=dict)
    claims: dict[int, Claim] = field(default_factory=dict)
    plans: dict[int, Plan] = field(default_factory=dict)
    owed: dict[tuple[int, int, str], tuple[int, int]] = field(default_factory=dict)
    history: list[tuple[int, int, int | None, str]] = field(default_factory=list)
    forgotten_before: int = 0
    hold_seconds: int = HOLD

    def live(self) -> Iterator[Claim]:
        """Return the claims that occupy their time now."""
        return (claim for claim in self.claims.values() if claim.is_live(self.now))

    def free(self, client: int, provider: int, moving: int = 0) -> list[int]:
        """Return the cells at which the client could hold a slot."""
        others = [claim for claim in self.live() if claim.number != moving]
        taken = {
            cell
            for claim in others
            if claim.provider == provider or claim.client == client
            for cell in claim.cells
        }
        return [
            start
            for start in self._starts(provider)
            if self._is_bookable(start) and taken.isdisjoint(self._slot(start))
        ]

    def hold(self, client: int, provider: int, start: int, moving: int, number: int) -> Claim:
        """Hold a slot, or move a hold to it; ``number`` is the id of a new hold."""
        refuse("provider_unknown", when=provider not in self.owners)
        refuse("own_slot", when=self.owners[provider] == client)
        if same := [
            c
            for c in self.live()
            if (c.client, c.provider, c.start) == (client, provider, start)
            and c.end * CELL > self.now
        ]:
            return same[0]
        refuse("notice_too_short", when=start * CELL < self.now + NOTICE)
        refuse("beyond_horizon", when=start * CELL > self.now + self.horizon)
        moved = self._to_move(client, moving)
        self._refuse_unless_free(client, provider, start, moved)
        self._expire_in_way(client, provider, start)
        held = (
            self._moved(moved, provider, start)
            if moved
            else self._new(number, client, provider, start)
        )
        self._record(held, client, "moved" if moved else "held")
        lead = min(WARNING, self.hold_seconds // 2)
        self._owe(held, "hold_warning", client, (held.deadline or 0) - lead)
        return held

    def confirm(self, number: int, client: int) -> Claim:
        """Confirm a live hold of the client; repeating it has no effect."""
        claim = self._of_client(number, client)
        if claim.status != "confirmed":
            claim.refuse_to_end_unless_live(self.now)
            claim.status, claim.deadline, claim.was_confirmed = "confirmed", None, True
            claim.revision += 1
            self._record(claim, client, "confirmed")
            self._owe(claim, "booking_confirmed", self.owners[claim.provider], self.now)
        return claim

    def cancel_by_client(self, number: int, client: int) -> Claim:
        """Release a hold of the client, or cancel a booking and notify the provider."""
        claim = self._of_client(number, client)
        if not self._ended(claim, "client"):
            return claim
        self._record(claim, client, "cancelled" if claim.was_confirmed else "released")
        if claim.was_confirmed:
            self._owe(claim, "cancelled_by_client", self.owners[claim.provider], self.now)
        return claim

    def cancel_by_provider(self, number: int, person: int) -> Claim:
        """Cancel a reservation with this provider."""
        claim = self.claims.get(number)
        if claim is None or self.owners[claim.provider] != person:
            raise Refused("reservation_unknown")
        if self._ended(claim, "provider"):
            self._record(claim, person, "declined")
            self._owe(claim, "cancelled_by_provider", claim.client, self.now)
        return claim

    def expire(self, limit: int) -> int:
        """Expire up to ``limit`` overdue holds, oldest first, and return how many."""
        overdue = sorted(
            (c.deadline or 0, c.number) for c in self.claims.values() if c.is_overdue(self.now)
        )[:limit]
        self._expire(lambda claim: (claim.deadline or 0, claim.number) in overdue)
        return len(overdue)

    def clean_up(self) -> None:
        """Complete bookings that ended over a day ago, and forget their cells."""
        self.forgotten_before = max(self.forgotten_before, -(-(self.now - CELLS_KEPT) // CELL))
        for claim in self.claims.values():
            if claim.status == "confirmed" and claim.end <= self.forgotten_before:
                claim.status, claim.revision = "completed", claim.revision + 1
                self._record(claim, None, "completed")

    def draft(self, person: int, spans: Spans, number: int) -> int:
        """Add a draft of hours."""
        self.plans[number] = Plan(self._provider_of(person), spans)
        return number

    def publish(self, number: int, person: int) -> frozenset[int]:
        """Publish a draft, and return the cells it added; repeating it has no effect."""
        plan = self._plan(number, person)
        if plan.state == "open":
            cells = self._cells(plan.spans)
            plan.state, plan.added = "published", frozenset(cells - self.offered[plan.provider])
            self.offered[plan.provider] |= cells
        refuse("draft_discarded", when=plan.state != "published")
        return plan.added

    def discard(self, number: int, person: int) -> str:
        """Discard a draft that is not published, and return its state."""
        plan = self._plan(number, person)
        plan.state = "discarded" if plan.state == "open" else plan.state
        return plan.state

    def undo(self, number: int, person: int, inside: str) -> tuple[bool, list[int]]:
        """Remove the hours that publishing a draft added; repeating it has no effect."""
        plan = self._plan(number, person)
        if plan.state == "undone":
            return True, []
        refuse("draft_discarded", when=plan.state != "published")
        done, found = self.remove(person, plan.added, inside)
        plan.state = "undone" if done else plan.state
        return done, found

    def remove(self, person: int, cells: Iterable[int], inside: str) -> tuple[bool, list[int]]:
        """Remove hours; reservations inside that have not begun are listed, kept or cancelled."""
        provider, removed = self._provider_of(person), set(cells)
        refuse("off_grid", when=any(e * CELL % GRID for s in stretches(removed) for e in s))
        found = [
            c
            for c in self.live()
            if c.provider == provider and c.overlaps(removed) and c.start * CELL > self.now
        ]
        numbers = [claim.number for claim in sorted(found, key=lambda claim: claim.start)]
        if numbers and inside == "a":
            return False, numbers
        self.offered[provider] -= removed
        for number in numbers if inside == "c" else []:
            self.cancel_by_provider(number, person)
        return True, numbers

    def occupied(self) -> set[tuple[int, int, int, int]]:
        """Return the rows of taken cells, including those of overdue holds not yet swept."""
        taking = [claim for claim in self.claims.values() if claim.status in {"held", "confirmed"}]
        both = [(kind, who, c) for c in taking for kind, who in ((0, c.provider), (1, c.client))]
        return {
            (kind, who, cell, c.number)
            for kind, who, c in both
            for cell in c.cells
            if cell >= self.forgotten_before
        }

    def unswept(self) -> set[int]:
        """Return the holds that sweeps have missed for a long time."""
        late = [
            c
            for c in self.claims.values()
            if c.status == "held" and (c.deadline or 0) + SWEPT_WITHIN <= self.now
        ]
        return {claim.number for claim in late if claim.end > self.forgotten_before}

    def _slot(self, start: int) -> range:
        return range(start, start + self.length)

    def _is_bookable(self, start: int) -> bool:
        return self.now + NOTICE <= start * CELL <= self.now + self.horizon

    def _starts(self, provider: int) -> list[int]:
        """Return the starts of slots, one after the other in each unbroken span of hours."""
        return [
            start
            for first, end in stretches(self.offered[provider])
            for start in range(first, end - self.length + 1, self.length)
        ]

    def _to_move(self, client: int, number: int) -> Claim | None:
        """Return the hold to move, or None if it is no longer live."""
        if not number:
            return None
        claim = self._of_client(number, client)
        refuse("already_confirmed", when=claim.status == "confirmed")
        return claim if claim.is_live(self.now) else None

    def _refuse_unless_free(
        self, client: int, provider: int, start: int, moved: Claim | None
    ) -> None:
        others = [
            claim
            for claim in self.live()
            if claim is not moved and claim.overlaps(self._slot(start))
        ]
        refuse("slot_not_offered", when=start not in self._starts(provider))
        refuse("client_busy", when=any(claim.client == client for claim in others))
        holds = sum(claim.client == client and claim.status == "held" for claim in self.live())
        refuse("too_many_holds", when=moved is None and holds >= self.holds_per_client)
        refuse("slot_taken", when=any(claim.provider == provider for claim in others))

    def _new(self, number: int, client: int, provider: int, start: int) -> Claim:
        self.claims[number] = Claim(
            number, client, provider, start, self.length, self.now + self.hold_seconds, self.now
        )
        return self.claims[number]

    def _moved(self, claim: Claim, provider: int, start: int) -> Claim:
        """Move a hold and restart its duration, up to the longest one allowed."""
        claim.provider, claim.start = provider, start
        claim.revision += 1
        longest = claim.first_held + 2 * self.hold_seconds
        claim.deadline = min(self.now + self.hold_seconds, longest)
        return claim

    def _expire_in_way(self, client: int, provider: int, start: int) -> None:
        """Expire the overdue holds of the client or the provider that overlap a slot."""
        self._expire(
            lambda dead: (
                dead.overlaps(self._slot(start))
                and (dead.client == client or dead.provider == provider)
            )
        )

    def _expire(self, chosen: Callable[[Claim], bool]) -> None:
        """Expire the chosen overdue holds, and notify their clients."""
        for claim in self.claims.values():
            if claim.is_overdue(self.now) and chosen(claim):
                claim.status, claim.revision = "expired", claim.revision + 1
                self._record(claim, None, "expired")
                self._owe(claim, "hold_expired", claim.client, self.now)

    def _ended(self, claim: Claim, by: str) -> bool:
        """End a reservation; return False if the same party had already ended it."""
        if claim.status == "cancelled" and claim.ended_by == by:
            return False
        claim.refuse_to_end_unless_live(self.now)
        claim.status, claim.deadline, claim.ended_by = "cancelled", None, by
        claim.revision += 1
        return True

    def _of_client(self, number: int, client: int) -> Claim:
        claim = self.claims.get(number)
        if claim is None or claim.client != client:
            raise Refused("reservation_unknown")
        return claim

    def _provider_of(self, person: int) -> int:
        for provider, owner in self.owners.items():
            if owner == person:
                return provider
        raise Refused("provider_only")

    def _plan(self, number: int, person: int) -> Plan:
        provider, plan = self._provider_of(person), self.plans.get(number)
        if plan is None or plan.provider != provider:
            raise Refused("draft_unknown")
        return plan

    def _cells(self, spans: Spans) -> set[int]:
        """Return the cells of hours that may be published now."""
        refuse("off_grid", when=any(moment % GRID for span in spans for moment in span))
        refuse("time_in_past", when=any(start < self.now for start, _ in spans))
        refuse("nothing_to_publish", when=not spans)
        return {cell for start, end in spans for cell in range(start // CELL, end // CELL)}

    def _owe(self, claim: Claim, kind: str, who: int, due: int) -> None:
        """Owe a person a notification of this revision; sending it checks whether it holds."""
        self.owed[claim.number, claim.revision, kind] = (who, due)

    def _record(self, claim: Claim, actor: int | None, act: str) -> None:
        """Record an act in the history; no one acts where time does."""
        self.history.append((claim.number, claim.revision, actor, act))


def stretches(cells: Iterable[int]) -> list[tuple[int, int]]:
    """Return the unbroken spans of cells, in order, each with its first cell and its end."""
    there = set(cells)
    firsts = sorted(cell for cell in there if cell - 1 not in there)
    lasts = sorted(cell for cell in there if cell + 1 not in there)
    return [(first, last + 1) for first, last in zip(firsts, lasts, strict=True)]
