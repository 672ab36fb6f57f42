"""The provider whom a person works for in this update; there may be several to choose from."""

from collections.abc import Sequence

from markupsafe import Markup

from bot.dialogue.context import Context
from bot.ui.texts import isolated
from domain import errors
from domain.provider import Provider, Role
from domain.usecases.acting import providers_of


async def work_for(context: Context, provider_id: int | None = None) -> Provider:
    """Work for the provider whom a button names, by default for the person themselves.

    From here on, this update reads and shows times in the provider's zone, and its screens name the
    provider unless that is the person. Raises errors.ProviderOnly, and errors.ProviderUnknown for a
    provider for whom they do not act.
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


def heading_of(provider: Provider) -> str:
    """Return the first line of screens about a provider, in HTML."""
    return Markup("👤 <b>{}</b>").format(isolated(provider.label))


async def all_providers(context: Context) -> Sequence[Provider]:
    """Return the providers for whom the person acts, at least one; raises errors.ProviderOnly."""
    return await providers_of(context.uow, context.me)


async def still_acted_for(context: Context, provider_id: int | None) -> int | None:
    """Return a provider whom a dialogue kept; None if the person does not act for them any more."""
    acting = await context.uow.queries.acting_for(context.me)
    return provider_id if any(each.provider.id == provider_id for each in acting) else None
