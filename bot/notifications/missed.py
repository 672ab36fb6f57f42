"""One message for everything that a person missed while the bot could not reach them."""

from collections.abc import Sequence
from itertools import accumulate, takewhile

from bot.messages.actions import Action, Send
from bot.messages.screen import Screen
from bot.ui.command_menu import Roles
from bot.ui.links import openings
from bot.ui.locale import UserLocale

MOST_MISSED = 200
"""How many of the newest notifications are read; older ones are only counted."""
_MAX_LENGTH = 3_500
"""How long the listed notifications may be, so that heading and ending fit into one message."""


def summary(
    locale: UserLocale, missed: Sequence[Sequence[Action]], *, roles: Roles, older: int = 0
) -> Sequence[Action]:
    """Return the steps of several notifications as one message; edits of cards stay as they are.

    A single notification is sent as it is. So is the warning of a hold, below the others: its
    button is needed now. ``older`` are notifications that are only counted.
    """
    if len(missed) == 1 and not older:
        return missed[0]
    steps = [step for each in missed for step in each]
    warnings = [step for step in steps if isinstance(step, Send) and step.notice_of]
    texts = [s.screen.text for s in steps if isinstance(s, Send) and s not in warnings]
    others = [step for step in steps if not isinstance(step, Send)]
    if not texts and not older:
        return [*others, *warnings]
    listed = Send(missed_screen(locale, texts, roles, older=older))
    return [*others, listed, *warnings]


def missed_screen(
    locale: UserLocale, texts: Sequence[str], roles: Roles, *, older: int = 0
) -> Screen:
    """List what was missed, as far as it fits, with buttons to see how everything stands."""
    ends = accumulate(map(len, texts))
    shown = texts[: max(1, sum(1 for _ in takewhile(lambda end: end <= _MAX_LENGTH, ends)))]
    parts = [locale.t("news.missed"), *shown]
    if more := len(texts) - len(shown) + older:
        parts.append(locale.t.count("news.missed_more", more))
    commands = ("agenda", "bookings") if roles.acts else ("bookings",)
    return Screen("\n\n".join(parts), openings(locale, commands, own=roles.provider is not None))
