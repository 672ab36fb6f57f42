"""One message for everything that a person missed while the bot could not reach them."""

from collections.abc import Sequence
from itertools import takewhile

from bot.messages.actions import Action, Send
from bot.messages.screen import Screen
from bot.ui.links import openings
from bot.ui.locale import UserLocale

_MAX_LENGTH = 3_500
"""How long the listed notifications may be, so that heading and ending fit into one message."""


def summary(
    locale: UserLocale, missed: Sequence[Sequence[Action]], *, acts: bool
) -> Sequence[Action]:
    """Return the steps of several notifications as one message; edits of cards stay as they are.

    A single notification is sent as it is.
    """
    if len(missed) == 1:
        return missed[0]
    steps = [step for each in missed for step in each]
    texts = [step.screen.text for step in steps if isinstance(step, Send)]
    others = [step for step in steps if not isinstance(step, Send)]
    return [*others, Send(missed_screen(locale, texts, acts=acts))]


def missed_screen(locale: UserLocale, texts: Sequence[str], *, acts: bool) -> Screen:
    """List what was missed, as far as it fits, with buttons to see how everything stands."""
    ends = [sum(map(len, texts[: n + 1])) for n in range(len(texts))]
    shown = texts[: max(1, sum(1 for _ in takewhile(lambda end: end <= _MAX_LENGTH, ends)))]
    parts = [locale.t("news.missed"), *shown]
    if more := len(texts) - len(shown):
        parts.append(locale.t.count("news.missed_more", more))
    commands = ("agenda", "bookings") if acts else ("bookings",)
    return Screen("\n\n".join(parts), openings(locale, commands))
