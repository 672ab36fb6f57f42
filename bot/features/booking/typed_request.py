"""Read a typed line that names a provider, a day, a time, or several of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.dialogue.context import Context
from bot.dialogue.typed_when import When, read_when
from bot.parsing.core.results import Problem
from domain.provider import LABEL_LIMIT, Provider, spelling_key

_NAME_WORDS = 4
_NO_DATE = frozenset({"not_understood", "too_long"})


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What was read of a line.

    ``found`` are at most two of the providers that match ``part``; it is empty if the line names
    none. ``unread`` is the rest of the line, which could not be read; if it is a date that cannot
    be booked, ``problem`` says why.
    """

    found: Sequence[Provider] = ()
    part: str = ""
    wish: When = field(default_factory=When)
    unread: str = ""
    problem: Problem | None = None


async def read_request(context: Context, line: str, known: When | None = None) -> BookingRequest:
    """Read a line like ``Dora``, ``thursday 9:15`` or ``Dora thursday 9:15``.

    A name comes first: a line that is part of a provider's name is never read as a day. A name and
    a day or time come in any order. ``known`` is what was typed before; it completes the line.
    """
    known = known or When()
    words = line.split()
    whole = " ".join(words)
    if not words:
        return BookingRequest(wish=known)
    if found := await _search(context, whole):
        return BookingRequest(found, whole[:LABEL_LIMIT], known)
    if wish := _read_when(context, whole, known):
        return BookingRequest(wish=wish)
    for name, rest in _splits(words):
        wish = _read_when(context, rest, known)
        if wish and (found := await _search(context, name)):
            return BookingRequest(found, name, wish)
    return await _read_in_part(context, words, known)


async def _read_in_part(context: Context, words: Sequence[str], known: When) -> BookingRequest:
    """Read a line of which something stays unread: the name, or all but the name."""
    for name, rest in _splits(words):
        found = await _search(context, name)
        if found and _names(found[0], name):
            return BookingRequest(found, name, known, rest[:LABEL_LIMIT])
    for name, rest in reversed([*_splits(words)]):
        if wish := _read_when(context, rest, known):
            return BookingRequest(wish=wish, unread=name[:LABEL_LIMIT])
    line = " ".join(words)
    read = read_when(line, today=context.today, day=known.day)
    problem = read if isinstance(read, Problem) and read.code not in _NO_DATE else None
    return BookingRequest(wish=known, unread=line[:LABEL_LIMIT], problem=problem)


def _splits(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the ways to split a line into a name and the rest, the longest names first."""
    for size in range(min(_NAME_WORDS, len(words) - 1), 0, -1):
        yield " ".join(words[:size]), " ".join(words[size:])
        yield " ".join(words[-size:]), " ".join(words[:-size])


def _read_when(context: Context, text: str, known: When) -> When | None:
    """Return the day, the time or both that a text names, completed by what is known."""
    read = read_when(text, today=context.today, day=known.day)
    if not isinstance(read, When):
        return None
    day = read if read.day and read.day != known.day else known
    return When(day.day, read.time or known.time, day.other_day)


async def _search(context: Context, part: str) -> Sequence[Provider]:
    """Return at most two providers whose name has this part."""
    # No label is longer.
    part = part[:LABEL_LIMIT]
    return await context.uow.queries.find_providers(part, for_client=context.me, offset=0, limit=2)


def _names(provider: Provider, text: str) -> bool:
    """Return whether each word of a text is a whole word of the provider's name or label."""
    return set(spelling_key(text).split()) <= set(spelling_key(provider.label).split())
