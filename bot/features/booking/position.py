"""Where a client is in the booking dialogue, and what they have typed so far."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.dialogue.context import Context
from bot.dialogue.typed_when import TimeOfDay, When
from domain import errors
from domain.provider import Provider
from domain.usecases.acting import own_provider

FLOW = "booking"


class State(StrEnum):
    """The question that a typed line answers."""

    PROVIDER = "provider"
    DAY = "day"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class FlowPosition:
    """The provider a client is booking with, and the hold they are moving, if any."""

    provider: Provider
    moving: int | None = None


async def provider_to_book(context: Context, provider_id: int) -> Provider:
    """Return a provider.

    Raises errors.ProviderUnknown, and errors.OwnSlot if the provider is the person who asks.
    """
    provider = await context.uow.queries.provider(provider_id)
    if provider is None:
        raise errors.ProviderUnknown
    own = await own_provider(context.uow, context.me)
    if own is not None and own.id == provider.id:
        raise errors.OwnSlot
    return provider


def typed_so_far(context: Context) -> When:
    """Return the day and time that were typed so far; empty if there is neither."""
    data = context.request.dialogue.data if context.request.dialogue.flow == FLOW else {}
    day, minutes, other = data.get("day"), data.get("minutes"), data.get("other_day")
    return When(
        date.fromisoformat(str(day)) if day else None,
        TimeOfDay(int(str(minutes))) if minutes is not None else None,
        date.fromisoformat(str(other)) if other else None,
    )


def ask_provider(context: Context, part: str, wish: When) -> State:
    """Wait for a provider's name; keep the part that was searched for and what was typed."""
    context.request.enter(FLOW, State.PROVIDER)
    context.request.remember(part=part, **_to_data(wish))
    return State.PROVIDER


def ask_when(context: Context, state: State, position: FlowPosition, wish: When) -> State:
    """Wait for a day or a time; keep what completes the next typed line."""
    context.request.enter(FLOW, state)
    context.request.remember(
        provider=position.provider.id, moving=position.moving, **_to_data(wish)
    )
    return state


def _to_data(wish: When) -> dict[str, object]:
    """Return a day and time as plain values."""
    return {
        "day": wish.day.isoformat() if wish.day else None,
        "other_day": wish.other_day.isoformat() if wish.other_day else None,
        "minutes": wish.time.minutes if wish.time else None,
    }
