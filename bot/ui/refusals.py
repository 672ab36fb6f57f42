"""The text of a refusal: its code selects the text, its values fill it in."""

from datetime import timedelta

from bot.ui.locale import Reader
from domain.errors import ProviderOnly, Refusal


def refusal_text(reader: Reader, refusal: Refusal, *, admin: bool = False) -> str:
    """Return the sentence for a refusal, which says what to do next; some differ for admins."""
    if admin and isinstance(refusal, ProviderOnly):
        return reader.t.plain("refusal.provider_only_admin")
    values = {name: _formatted(reader, value) for name, value in refusal.values.items()}
    return reader.t.plain(f"refusal.{refusal.code}", **values)


def _formatted(reader: Reader, value: object) -> object:
    """Return a value as it appears in the sentence."""
    return reader.times.duration(value) if isinstance(value, timedelta) else value
