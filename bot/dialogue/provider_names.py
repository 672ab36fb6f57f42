"""Find the name of a provider in a typed line."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import takewhile

from bot.parsing.core.results import HoursRead
from bot.parsing.hours.read_hours import read_hours
from domain.provider import Provider, name_key

_WORD = re.compile(r"[^\s,;:.!?()]+")
_BEFORE_A_NAME = re.compile(r"(?:^|\s)(?:for|of|für|fuer|von|bei)\s*$", re.IGNORECASE)
_UNREAD = frozenset({"not_understood", "too_long"})
_Span = tuple[int, int]
_Words = Sequence[tuple[str, _Span]]


def named_provider(
    providers: Sequence[Provider], line: str, today: date
) -> tuple[Provider | None, str]:
    """Return the provider whom a line names, and the line without the name.

    A provider is named by their label, their name, their link name, or a word of their name that no
    other has. If no one is named, or several are, return None and the line as it is. A line that is
    a day or hours by itself names no one: the "May" in "4 May 9-12" is no provider.
    """
    words = _words_of(line)
    common = _common_words(providers)
    found = {each.id: span for each in providers if (span := _named_at(each, common, words))}
    named = [
        (each, span)
        for each in providers
        if (span := found.get(each.id)) and not any(_is_part(span, o) for o in found.values())
    ]
    if len(named) != 1:
        return None, line
    [(provider, span)] = named
    rest = _without(span, line)
    return (None, line) if _reads_by_itself(line, rest, today) else (provider, rest)


def _reads_by_itself(line: str, rest: str, today: date) -> bool:
    """Return whether a name is part of a day in a line; ``rest`` is the line without it."""
    read, without = read_hours(line, today=today), read_hours(rest, today=today)
    if isinstance(read, HoursRead):
        return True
    if read.code in _UNREAD:
        return False
    if isinstance(without, HoursRead):
        # Two weekdays in a row, for example: the first may be a person's name.
        return read.code != "no_hours" or "days" in read.values
    return read.code != without.code


def _without(span: _Span, line: str) -> str:
    """Return a line without a name, the signs around it, and a "for" before it."""
    before = _BEFORE_A_NAME.sub("", line[: span[0]].rstrip(" ,;:("))
    after = line[span[1] :].lstrip(" ,;:.!?)")
    return " ".join(f"{before} {after}".split())


def _common_words(providers: Sequence[Provider]) -> Collection[str]:
    """Return the words that the names of several providers have."""
    counts = Counter(w for each in providers for w in {w for w, _ in _words_of(each.name)})
    return {word for word, count in counts.items() if count > 1}


def _named_at(provider: Provider, common: Collection[str], words: _Words) -> _Span | None:
    """Return where a line names a provider, at the longest of their names that it has."""
    keys = (provider.label, provider.name, provider.slug)
    spans = [span for key in keys if (span := _span_of(key, words))]
    spans += _spans_of_own_words(provider, common, words)
    return max(spans, key=lambda span: span[1] - span[0], default=None)


def _spans_of_own_words(provider: Provider, common: Collection[str], words: _Words) -> list[_Span]:
    """Return where a line has words that only this provider's name has.

    The words beside them in the name belong to them: in "Dr. Emil", also the "Dr.".
    """
    name, line = ([word for word, _ in each] for each in (_words_of(provider.name), words))
    spans = []
    for n, word in enumerate(name):
        if word in common or not word[0].isalpha():
            continue
        for at in (at for at, typed in enumerate(line) if typed == word):
            before = _shared(reversed(name[:n]), reversed(line[:at]))
            after = _shared(name[n + 1 :], line[at + 1 :])
            spans.append((words[at - before][1][0], words[at + after][1][1]))
    return spans


def _shared(name: Iterable[str], line: Iterable[str]) -> int:
    """Return how many words are the same from the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(name, line, strict=False)))


def _words_of(text: str) -> _Words:
    """Return the words of a text as names are compared, and where each stands."""
    return [(name_key(found[0]), found.span()) for found in _WORD.finditer(text)]


def _span_of(key: str, words: _Words) -> _Span | None:
    """Return where a key stands in a line, as whole words."""
    wanted = [word for word, _ in _words_of(key)]
    for at in range(len(words) - len(wanted) + 1):
        if wanted and [word for word, _ in words[at : at + len(wanted)]] == wanted:
            return words[at][1][0], words[at + len(wanted) - 1][1][1]
    return None


def _is_part(span: _Span, other: _Span) -> bool:
    """Return whether a span is part of a longer one."""
    return span != other and other[0] <= span[0] and span[1] <= other[1]
