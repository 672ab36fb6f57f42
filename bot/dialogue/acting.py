"""The provider whom a person works for in this update; there may be several to choose from."""

import re
from collections.abc import Sequence

from markupsafe import Markup

from bot.dialogue.context import Context
from bot.ui.texts import isolated
from domain.provider import Provider, name_key
from domain.usecases.acting import own_provider, provider_for, providers_of

_WORD = re.compile(r"[^\s,;:.!]+")


async def work_for(context: Context, provider_id: int | None = None) -> Provider:
    """Work for the provider whom a button names, by default the person themselves or the first.

    From here on, this update reads and shows times in the provider's zone, and its screens name the
    provider unless that is the person. Raises errors.ProviderOnly, and errors.ProviderUnknown for a
    provider for whom they do not act.
    """
    own = await own_provider(context.uow, context.me)
    if provider_id is not None:
        provider = await provider_for(context.uow, context.me, provider_id)
    else:
        provider = own or (await providers_of(context.uow, context.me))[0]
    is_self = own is not None and own.id == provider.id
    is_only = len(await providers_of(context.uow, context.me)) == 1
    context.request.work_for(
        provider,
        provider.zone(context.services.venue_zone),
        heading="" if is_self and is_only else _heading(provider),
    )
    return provider


def _heading(provider: Provider) -> str:
    """Return the first line of screens about a provider, in HTML."""
    return Markup("👤 <b>{}</b>").format(isolated(provider.label))


async def all_providers(context: Context) -> Sequence[Provider]:
    """Return the providers for whom the person acts, at least one; raises errors.ProviderOnly."""
    return await providers_of(context.uow, context.me)


async def acts_for_someone(context: Context) -> bool:
    """Return whether the person acts for any provider."""
    return bool(await context.uow.queries.acting_for(context.me))


def named_provider(providers: Sequence[Provider], line: str) -> tuple[Provider | None, str]:
    """Return the provider whom a line names, and the line without the name.

    A provider is named by their whole name, their link name, or a word of their name that no other
    has. Without a name, or with several, return None and the line as it is.
    """
    words = [(name_key(found[0]), found.span()) for found in _WORD.finditer(line)]
    named = {
        provider.id: (provider, span)
        for provider in providers
        for key in _keys(provider, providers)
        if (span := _span_of(key, words))
    }
    if len(named) != 1:
        return None, line
    [(provider, (start, end))] = named.values()
    return provider, " ".join((line[:start] + " " + line[end:]).strip(" ,;:").split())


def _keys(provider: Provider, providers: Sequence[Provider]) -> list[str]:
    """Return what names a provider, longest last."""
    others = [name_key(each.name).split() for each in providers if each.id != provider.id]
    name = name_key(provider.name)
    own_words = [
        word for word in name.split() if word[0].isalpha() and not any(word in o for o in others)
    ]
    return [*own_words, provider.slug, name]


def _span_of(key: str, words: list[tuple[str, tuple[int, int]]]) -> tuple[int, int] | None:
    """Return where a key stands in a line, as whole words."""
    wanted = [name_key(found[0]) for found in _WORD.finditer(key)]
    for at in range(len(words) - len(wanted) + 1):
        if wanted and [word for word, _ in words[at : at + len(wanted)]] == wanted:
            return words[at][1][0], words[at + len(wanted) - 1][1][1]
    return None
