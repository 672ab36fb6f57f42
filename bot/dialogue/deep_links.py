"""Deep links.

Telegram sends ``t.me/<bot>?start=<kind>_<rest>`` as ``/start <kind>_<rest>``.
"""

from bot.dialogue.context import Context


def rest_of_link(context: Context) -> str:
    """Return the part of the link after the kind."""
    return context.args[0].partition("_")[2] if context.args else ""


def link_to(context: Context, kind: str, rest: str) -> str:
    """Return a deep link to this bot."""
    return f"https://t.me/{context.services.username}?start={kind}_{rest}"
