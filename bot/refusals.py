"""Tell a person what a rule refused: its code names the text, its values fill it in."""

from datetime import timedelta

from bot.reader import Reader
from domain.errors import Refusal


def refusal_text(reader: Reader, refusal: Refusal) -> str:
    """Return the plain sentence for a refusal, which says what to do next."""
    values = {name: _readable(reader, value) for name, value in refusal.values.items()}
    return reader.t.plain(f"refusal.{refusal.code}", **values)


def _readable(reader: Reader, value: object) -> object:
    """Return a value as a sentence holds it."""
    return reader.times.duration(value) if isinstance(value, timedelta) else value
