"""Give a provider a public name, and a link name that no other provider has."""

from domain import errors
from domain.person import public_name
from domain.ports import UnitOfWork
from domain.provider import SLUG_LIMIT, Provider, looks_like_label, slug_for
from domain.usecases.acting import provider_for

_NUMBER_SUFFIX_LENGTH = 4


async def name_provider(
    uow: UnitOfWork, actor: int, provider_id: int, text: str, *, keep_slug: bool
) -> Provider:
    """Give a provider a public name, and a matching slug unless ``keep_slug`` preserves old links.

    Raises errors.NameUnusable, errors.NameReserved, and what ``provider_for`` raises.
    """
    provider = await provider_for(uow, actor, provider_id)
    name = usable_name(text)
    slug = provider.slug if keep_slug else await free_slug(uow, name, own=provider)
    await uow.providers.rename(provider.id, name, slug)
    return await uow.queries.provider(provider.id) or provider


def usable_name(text: str) -> str:
    """Return a text as a public name; raise errors.NameUnusable, errors.NameReserved."""
    name = public_name(text)
    if looks_like_label(name):
        raise errors.NameReserved
    return name


async def free_slug(uow: UnitOfWork, name: str, own: Provider | None = None) -> str:
    """Return the slug of a name, with a number if another provider has it."""
    base, number = slug_for(name), 1
    slug = base
    while (holder := await uow.queries.provider_by_slug(slug)) and (
        own is None or holder.id != own.id
    ):
        number += 1
        slug = f"{base[: SLUG_LIMIT - _NUMBER_SUFFIX_LENGTH].rstrip('-')}-{number}"
    return slug
