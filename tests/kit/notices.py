"""What Telegram was asked to show of reservations, by the calls that the bot made."""

from collections import Counter
from collections.abc import Iterable

from simulator.state.transcript import CallRecord

OPENINGS = {"hold_expired": "⌛", "booking_confirmed": "📅"}
"""How the notices of these kinds begin."""


def told(calls: Iterable[CallRecord], part: str) -> "Counter[tuple[int, int]]":
    """Return how often Telegram took the notice that begins so, or that has this part after a name, for each chat and cell."""
    return Counter(
        (
            int(call.params["chat_id"]),
            int(call.params["text"].split('unix="')[1].split('"')[0]) // 900,
        )
        for call in calls
        if call.method.lower() == "sendmessage"
        and call.ok
        and _is_notice(call.params["text"], part)
        and 'unix="' in call.params["text"]
    )


def _is_notice(text: str, part: str) -> bool:
    """Tell whether a text is a notice that begins so, or has the part after the name it begins with."""
    return text.startswith(part) or (
        part.startswith("</b>") and text.startswith("<b>") and part in text
    )
