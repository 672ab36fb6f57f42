"""Tell a person what a rule refused: its code names the text, its values fill it in."""

from datetime import timedelta

from bot.ui.locale import Reader
from domain.errors import ProviderOnly, Refusal


def refusal_text(reader: Reader, refusal: Refusal, *, admin: bool = False) -> str:
    """Return the plain sentence for a refusal, which says what to do next; an admin can do more about some."""
    if admin and isinstance(refusal, ProviderOnly):
        return reader.t.plain("refusal.provider_only_admin")
    values = {name: _readable(reader, value) for name, value in refusal.values.items()}
    return reader.t.plain(f"refusal.{refusal.code}", **values)


def _readable(reader: Reader, value: object) -> object:
    """Return a value as a sentence holds it."""
    return reader.times.duration(value) if isinstance(value, timedelta) else value
