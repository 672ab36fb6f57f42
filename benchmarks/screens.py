"""Messages on the wire, with keyboards as large as those of the bot's own screens."""

import json
from typing import Any

Keyboard = tuple[tuple[tuple[str, str], ...], ...]
"""Rows of buttons, each a label and its data."""


def _grid(buttons: int, width: int, data: str) -> Keyboard:
    """Return buttons in rows of a width."""
    return tuple(
        tuple((f"{n:02}", f"{data}{n}") for n in range(at, min(at + width, buttons)))
        for at in range(0, buttons, width)
    )


PROVIDERS = (*_grid(8, 1, "bc:"), (("‹", "bp:1"), ("1/8", "n"), ("›", "bp:2")))
CALENDAR = (*_grid(3, 1, "bt:1:3k4z"), *_grid(45, 7, "bd:1:202612"), (("Back", "bp:0"),))
TIMES = (*_grid(10, 4, "bt:1:3k4z5"), (("Back", "bm:1:20261201:0"),))
CARD = (
    (("Confirm", "rc:1"),),
    (("Change time", "ro:1"), ("Release", "rr:1")),
    (("My bookings", "o:bookings"),),
)
BOOKED = ((("Cancel booking", "ra:1"),), (("My bookings", "o:bookings"),))
TEXT = (
    "<b>Provider 1</b>\n\nWhich day suits you? Days with free times can be tapped.\n\n"
    "Times are in UTC. You can also type a day and a time."
)

AFTER: dict[str, Keyboard] = {
    "/book": PROVIDERS,
    "bc": CALENDAR,
    "bd": TIMES,
    "bt": CARD,
    "rc": BOOKED,
    "rr": BOOKED,
}
"""The keyboard after a command or a tap on a button of this kind."""


def markup(keyboard: Keyboard) -> dict[str, Any]:
    """Return a keyboard in Telegram's format."""
    return {
        "inline_keyboard": [
            [{"text": label, "callback_data": data} for label, data in row] for row in keyboard
        ]
    }


MARKUPS = {kind: json.dumps(markup(keyboard)) for kind, keyboard in AFTER.items()}
