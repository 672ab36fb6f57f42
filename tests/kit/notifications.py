"""Counts notifications of reservations in the calls that the simulator recorded."""

from collections import Counter
from collections.abc import Iterable

from simulator.state.transcript import CallRecord
from tests.kit.cells import SECONDS

NOTIFICATION_PREFIXES = {"hold_expired": "⌛", "booking_confirmed": "📅"}
"""How the text of each kind of notification begins."""


def count_notifications(calls: Iterable[CallRecord], part: str) -> "Counter[tuple[int, int]]":
    """Count the accepted notifications that begin with a text, by chat id and start cell.

    A ``part`` that starts with ``</b>`` follows the name in bold that the text begins with.
    """
    return Counter(
        (
            int(call.params["chat_id"]),
            int(call.params["text"].split('unix="')[1].split('"')[0]) // SECONDS,
        )
        for call in calls
        if call.method.lower() == "sendmessage"
        and call.ok
        and _is_notification(call.params["text"], part)
        and 'unix="' in call.params["text"]
    )


def _is_notification(text: str, part: str) -> bool:
    """Return whether a text begins with the part, or has it after a name in bold."""
    return text.startswith(part) or (
        part.startswith("</b>") and text.startswith("<b>") and part in text
    )
