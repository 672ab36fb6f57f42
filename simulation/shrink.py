"""Makes a failing plan shorter: less time, fewer people, fewer kinds of trouble."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from simulation.outcome import Outcome
from simulation.people.cast import NAMES
from simulation.plan import KINDS_OF_TROUBLE, Plan

_HALVINGS = 3
_NUMBER = re.compile(r"\d+")


def shrink(outcome: Outcome, play: Callable[[Plan], Outcome]) -> Outcome:
    """Return the outcome of the shortest plan found that fails in the same way."""
    best = outcome
    for simpler in _simpler_plans():
        plan = simpler(best)
        if plan is not None and plan != best.plan:
            tried = play(plan)
            if kind_of(tried) == kind_of(outcome):
                best = tried
    return best


def kind_of(outcome: Outcome) -> str:
    """Return the first finding without its numbers."""
    return _NUMBER.sub("#", outcome.findings[0]) if outcome.findings else ""


def _simpler_plans() -> Iterator[Callable[[Outcome], Plan | None]]:
    """Yield ways to make a plan simpler."""
    yield _until_found
    for trouble in KINDS_OF_TROUBLE:
        yield partial(_without, trouble=trouble)
    for person in NAMES:
        yield partial(_silent, person=person)
    yield _until_found
    for _ in range(_HALVINGS):
        yield lambda best: replace(best.plan, minutes=round(best.plan.minutes / 2, 3))


def _without(best: Outcome, *, trouble: str) -> Plan:
    """Return the plan without a kind of trouble."""
    return replace(best.plan, without=best.plan.without | {trouble})


def _silent(best: Outcome, *, person: str) -> Plan:
    """Return the plan in which a person does nothing."""
    return replace(best.plan, silent=best.plan.silent | {person})


def _until_found(best: Outcome) -> Plan | None:
    """Return the plan that ends a second after the finding."""
    if best.minutes_needed is None:
        return None
    minutes = round(best.minutes_needed, 3)
    return replace(best.plan, minutes=minutes) if 0 < minutes < best.plan.minutes else None
