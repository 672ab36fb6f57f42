"""Calls to the Bot API with plain values.

The library's methods create an object for each button of a request, and for each button and entity
of the answer. That costs more than everything else the bot does for a tap (docs/performance.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from telegram import Bot
from telegram.request import BaseRequest


@dataclass(frozen=True, slots=True)
class PlainParameters:
    """The part of ``telegram.request.RequestData`` that our transport reads."""

    json_parameters: dict[str, str]

    @property
    def multipart_data(self) -> dict[str, Any]:
        """Empty, because there are no files."""
        return {}


async def call(
    bot: Bot,
    method: str,
    parameters: Mapping[str, object],
    *,
    transport: BaseRequest | None = None,
    read_timeout: float | None = None,
) -> Any:
    """Call a method and return its result as plain JSON.

    ``transport`` is the bot's own by default. ``read_timeout`` is in seconds, None for the
    transport's own.

    Raises:
        TypeError: a parameter cannot be serialized to JSON.
        telegram.error.TelegramError: like the library's own methods.
    """
    timeout: Any = BaseRequest.DEFAULT_NONE if read_timeout is None else read_timeout
    data: Any = PlainParameters(_as_form(parameters))
    url = f"{bot.base_url}/{method}"
    return await (transport or bot.request).post(url, data, read_timeout=timeout)


def _as_form(parameters: Mapping[str, object]) -> dict[str, str]:
    """Return parameters as form fields, without those that are None."""
    given = ((name, value) for name, value in parameters.items() if value is not None)
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in given
    }
