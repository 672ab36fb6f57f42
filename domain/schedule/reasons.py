"""Why is a time not offered? For each instant one reason, the first that holds.

The order is that of ``_CHECKS``: what no schedule could change, then the hours, then the grid, and
claims last. There is no reason exactly when ``find_starts`` finds the start.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.schedule.cells import start_cell
from domain.schedule.expansion import Expansion, expand_around
from domain.schedule.model import Schedule
from domain.schedule.spans import contains
from domain.schedule.starts import is_on_grid
from domain.schedule.visit import Limits, Search
from domain.timespan import cell_with, first_cell_from


class Reason(StrEnum):
    """Why a visit of a service cannot start at an instant."""

    PAST = "past"
    NOTICE = "notice"
    HORIZON = "horizon"
    NO_HOURS = "no_hours"
    OUTSIDE_HOURS = "outside_hours"
    OTHER_SERVICE = "other_service"
    OWN_HOURS = "own_hours"
    TIME_OFF = "time_off"
    OFF_GRID = "off_grid"
    DOES_NOT_FIT = "does_not_fit"
    CLAIMED = "claimed"
    CLIENT_BUSY = "client_busy"


@dataclass(frozen=True, slots=True)
class _Question:
    """An instant, the cell that contains it, and all that decides about it."""

    moment: datetime
    cell: int
    day: date
    search: Search
    limits: Limits
    expansion: Expansion

    @property
    def in_own_hours(self) -> bool:
        """Whether the instant lies in hours for the service alone."""
        return contains(self.expansion.own_blocks(self.search.service), self.cell)


def why_not(schedule: Schedule, search: Search, limits: Limits, moment: datetime) -> Reason | None:
    """Return why a visit cannot start at an instant, or None if it can."""
    cell = cell_with(moment)
    expansion = expand_around(schedule, range(cell, cell + 1), search.visit.cells)
    question = _Question(
        moment=moment,
        cell=cell,
        day=_date_of(schedule, cell, (day.day for day in expansion.days)),
        search=search,
        limits=limits,
        expansion=expansion,
    )
    return next((reason for reason, holds in _CHECKS if holds(question)), None)


def _date_of(schedule: Schedule, cell: int, days: Iterable[date]) -> date:
    """Return the date of a cell: the last one that has begun, each on the clock of its own zone.

    Where a travel begins or ends, the clocks of two dates may overlap or leave a gap.
    """
    return max(day for day in days if start_cell(day, 0, schedule.zone_on(day)) <= cell)


def _past(asked: _Question) -> bool:
    """Return whether the instant is before now."""
    return asked.moment < asked.limits.now


def _too_soon(asked: _Question) -> bool:
    """Return whether the notice period would be too short."""
    return asked.moment < asked.limits.now + asked.limits.notice


def _too_far(asked: _Question) -> bool:
    """Return whether the instant is beyond the booking horizon."""
    return asked.moment > asked.limits.now + asked.limits.horizon


def _no_hours(asked: _Question) -> bool:
    """Return whether no hours begin on that date and the instant lies in no hours."""
    begun = any(day.blocks for day in asked.expansion.days if day.day == asked.day)
    return not begun and _outside(asked)


def _outside(asked: _Question) -> bool:
    """Return whether the instant lies in no hours at all."""
    return not contains(asked.expansion.all_blocks(), asked.cell)


def _for_another_service(asked: _Question) -> bool:
    """Return whether the instant lies in hours for other services alone."""
    others = asked.expansion.blocks_of_others(asked.search.service)
    return contains(others, asked.cell) and not asked.in_own_hours


def _only_in_own_hours(asked: _Question) -> bool:
    """Return whether the service is offered in hours of its own, and these are others."""
    service = asked.search.service
    blocks = (block for day in asked.expansion.days for block in day.blocks_for(service))
    return not any(block.start <= asked.cell < block.end for block in blocks)


def _off_work(asked: _Question) -> bool:
    """Return whether the provider is away."""
    return contains(asked.expansion.time_off, asked.cell)


def _off_grid(asked: _Question) -> bool:
    """Return whether no start falls on this instant."""
    exact = first_cell_from(asked.moment) == asked.cell
    return not exact or not is_on_grid(asked.expansion, asked.search, asked.cell)


def _does_not_fit(asked: _Question) -> bool:
    """Return whether the visit would run out of open time."""
    visit = asked.search.visit.at(asked.cell)
    return not any(span.covers(visit) for span in asked.expansion.open_to(asked.search.service))


def _claimed(asked: _Question) -> bool:
    """Return whether the visit or its buffers would overlap a claim of the provider."""
    claim = asked.search.visit.claim_at(asked.cell)
    return any(claim.overlaps(busy) for busy in asked.search.claims)


def _client_busy(asked: _Question) -> bool:
    """Return whether the visit would overlap another of the client's."""
    visit = asked.search.visit.at(asked.cell)
    return any(visit.overlaps(busy) for busy in asked.search.client_claims)


_CHECKS: tuple[tuple[Reason, Callable[[_Question], bool]], ...] = (
    (Reason.PAST, _past),
    (Reason.NOTICE, _too_soon),
    (Reason.HORIZON, _too_far),
    (Reason.NO_HOURS, _no_hours),
    (Reason.OUTSIDE_HOURS, _outside),
    (Reason.OTHER_SERVICE, _for_another_service),
    (Reason.OWN_HOURS, _only_in_own_hours),
    (Reason.TIME_OFF, _off_work),
    (Reason.OFF_GRID, _off_grid),
    (Reason.DOES_NOT_FIT, _does_not_fit),
    (Reason.CLAIMED, _claimed),
    (Reason.CLIENT_BUSY, _client_busy),
)
