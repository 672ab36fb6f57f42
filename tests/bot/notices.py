"""What Telegram was asked to show of reservations, by the calls that the bot made."""

from collections import Counter
from collections.abc import Iterable

from simulator.transcript import CallRecord

OPENINGS = {"hold_expired": "⌛", "booking_confirmed": "📅"}
"""How the notices of these kinds begin."""


def told(calls: Iterable[CallRecord], opening: str) -> "Counter[tuple[int, int]]":
    """Return how often Telegram took the notice that begins so, for each chat and cell."""
    return Counter(
        (int(call.params["chat_id"]), int(call.params["text"].split('unix="')[1].split('"')[0]) // 900)
        for call in calls
        if call.method.lower() == "sendmessage" and call.ok and call.params["text"].startswith(opening) and 'unix="' in call.params["text"]
    )
