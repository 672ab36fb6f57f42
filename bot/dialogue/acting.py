"""The provider that this update is about; a person may act for several."""

from collections.abc import Sequence
from datetime import timedelta

from markupsafe import Markup

from bot.dialogue.context import Context
from bot.ui.texts import isolated
from domain import errors
from domain.provider import Provider, Role
from domain.timespan import CELL, TimeSpan, cell_with
from domain.usecases.acting import own_provider, providers_of

# Further ahead than hours can be.
_FARTHEST = timedelta(days=3660) // CELL


async def work_for(context: Context, provider_id: int | None = None) -> Provider:
    """Make this update about a provider: the one with this number, by default the person.

    After that, the update reads and shows times in the provider's zone, and its screens name the
    provider unless the person is the provider. Raises errors.ProviderOnly if the person acts for no
    one, and errors.ProviderUnknown if they do not act for this provider.
    """
    acting = await context.uow.queries.acting_for(context.me)
    if not acting:
        raise errors.ProviderOnly
    own = next((each.provider.id for each in acting if each.role is Role.SELF), None)
    wanted = own if provider_id is None else provider_id
    provider = next((each.provider for each in acting if each.provider.id == wanted), None)
    if provider is None:
        raise errors.ProviderUnknown
    context.request.work_for(
        provider,
        provider.zone(context.services.venue_zone),
        heading="" if len(acting) == 1 and own is not None else heading_of(provider),
    )
    return provider


async def is_own(context: Context) -> bool:
    """Return whether the provider that this update is about is the person themselves."""
    own = await own_provider(context.uow, context.me)
    return own is not None and own.id == context.provider.id


async def has_hours(context: Context, provider: Provider) -> bool:
    """Return whether a provider has open hours ahead."""
    now = cell_with(context.now)
    window = TimeSpan(now, now + _FARTHEST)
    return bool(await context.uow.queries.open_hours(provider.id, window))


def heading_of(provider: Provider) -> str:
    """Return the first line of screens about a provider, in HTML."""
    return Markup("👤 <b>{}</b>").format(isolated(provider.label))


async def all_providers(context: Context) -> Sequence[Provider]:
    """Return all providers that the person acts for; raises errors.ProviderOnly without any."""
    return await providers_of(context.uow, context.me)


def still_acted_for(providers: Sequence[Provider], provider_id: int | None) -> int | None:
    """Return the number that a dialogue kept, or None if it is not one of these providers."""
    return provider_id if any(each.id == provider_id for each in providers) else None
