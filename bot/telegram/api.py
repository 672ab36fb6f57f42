"""Calls to the Bot API in plain values.

Nearly all of a bot's traffic is the same few methods. The library's own calls make an object of each button on the way out, and of each
button and each word of the answer on the way in, which costs more than all that this bot does for a tap (docs/performance.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from telegram import Bot
from telegram.request import BaseRequest


@dataclass(frozen=True, slots=True)
class PlainParameters:
    """As much of ``telegram.request.RequestData`` as our transport reads."""

    json_parameters: dict[str, str]

    @property
    def multipart_data(self) -> dict[str, Any]:
        """There are no files."""
        return {}


async def call(
    bot: Bot,
    method: str,
    parameters: Mapping[str, object],
    *,
    by: BaseRequest | None = None,
    read_timeout: float | None = None,
) -> Any:
    """Call a method and return its result as Telegram writes it.

    It goes ``by`` the bot's transport where no other is named. ``read_timeout`` is in seconds, None for the transport's own.

    Raises:
        TypeError: a parameter has no form in JSON.
        telegram.error.TelegramError: as the library's own methods do.
    """
    patience: Any = BaseRequest.DEFAULT_NONE if read_timeout is None else read_timeout
    given: Any = PlainParameters(_as_form(parameters))
    return await (by or bot.request).post(f"{bot.base_url}/{method}", given, read_timeout=patience)


def _as_form(parameters: Mapping[str, object]) -> dict[str, str]:
    """Return parameters as a form has them; those that are None are left out."""
    given = ((name, value) for name, value in parameters.items() if value is not None)
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in given
    }
