"""Read a typed line that names a provider, a day, a time, or several of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.dialogue.context import Context
from bot.dialogue.typed_when import When, read_when
from bot.features.booking.state import BookingData
from bot.parsing.core.results import Problem
from domain import errors
from domain.provider import LABEL_LIMIT, Provider, spelling_key

_NAME_WORDS = 4
_NO_DATE = frozenset({"not_understood", "too_long"})


@dataclass(frozen=True, slots=True)
class ChoiceRead:
    """What was read of a line.

    ``found`` are at most two of the providers that match the choice's ``part``; it is empty if the
    line names none. ``unread`` is the rest of the line, which could not be read; if it is a date
    that cannot be booked, ``problem`` says why.
    """

    choice: BookingData
    found: Sequence[Provider] = ()
    unread: str = ""
    problem: Problem | None = None


async def read_choice(context: Context, line: str, known: BookingData) -> ChoiceRead:
    """Read a line like ``Dora``, ``thursday 9:15`` or ``Dora thursday 9:15``.

    A name comes first: a line that is part of a provider's name is never read as a day. A name and
    a day or time come in any order. ``known`` is what was typed before; it completes the line.
    Raises errors.ProviderUnreachable for the name of a provider whom the bot cannot notify.
    """
    words = line.split()
    whole = " ".join(words)
    if not words:
        return ChoiceRead(known)
    if found := await _search(context, whole):
        return ChoiceRead(replace(known, part=whole[:LABEL_LIMIT]), found)
    if choice := _read_when(context, whole, known):
        return ChoiceRead(choice)
    for name, rest in _splits(words):
        choice = _read_when(context, rest, known)
        if choice and (found := await _search(context, name)):
            return ChoiceRead(replace(choice, part=name), found)
    read = await _read_in_part(context, words, known)
    if not read.found:
        await _refuse_unreachable(context, read.unread)
    return read


async def _refuse_unreachable(context: Context, unread: str) -> None:
    """Raise errors.ProviderUnreachable if words name a provider whom the bot cannot notify."""
    names = [unread, *(name for name, _ in _splits(unread.split()))]
    for name in names:
        found = await _search(context, name, reachable=False)
        if any(not each.reachable and _names(each, name) for each in found):
            raise errors.ProviderUnreachable


async def _read_in_part(context: Context, words: Sequence[str], known: BookingData) -> ChoiceRead:
    """Read a line of which something stays unread: the name, or all but the name."""
    for name, rest in _splits(words):
        found = await _search(context, name)
        if found and _names(found[0], name):
            return ChoiceRead(replace(known, part=name), found, rest[:LABEL_LIMIT])
    for name, rest in reversed([*_splits(words)]):
        if choice := _read_when(context, rest, known):
            return ChoiceRead(choice, unread=name[:LABEL_LIMIT])
    line = " ".join(words)
    read = read_when(line, today=context.today, day=known.day)
    problem = read if isinstance(read, Problem) and read.code not in _NO_DATE else None
    return ChoiceRead(known, unread=line[:LABEL_LIMIT], problem=problem)


def _splits(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the ways to split a line into a name and the rest, the longest names first."""
    for size in range(min(_NAME_WORDS, len(words) - 1), 0, -1):
        yield " ".join(words[:size]), " ".join(words[size:])
        yield " ".join(words[-size:]), " ".join(words[:-size])


def _read_when(context: Context, text: str, known: BookingData) -> BookingData | None:
    """Return what is known with the day, the time or both that a text names."""
    read = read_when(text, today=context.today, day=known.day)
    if not isinstance(read, When):
        return None
    if read.day in {None, known.day}:
        read = When(known.day, read.time, known.other_day)
    return known.completed(read)


async def _search(context: Context, part: str, *, reachable: bool = True) -> Sequence[Provider]:
    """Return at most two providers whose name has this part, by default those to book with."""
    # No label is longer.
    part, client = part[:LABEL_LIMIT], context.me if reachable else None
    return await context.uow.queries.find_providers(part, for_client=client, offset=0, limit=2)


def _names(provider: Provider, text: str) -> bool:
    """Return whether each word of a text is a whole word of the provider's name or label."""
    return set(spelling_key(text).split()) <= set(spelling_key(provider.label).split())
