"""What an admin is told of what went wrong."""

from collections.abc import Sequence

from bot.messages.screen import Screen
from bot.ui.locale import Reader
from domain.operations.incident import Incident, Trouble

_TEXTS = {
    Trouble.UPDATE_SET_ASIDE: "digest.update_set_aside",
    Trouble.MESSAGE_REFUSED: "digest.message_refused",
    Trouble.MESSAGE_BROKEN: "digest.message_broken",
    Trouble.JOB_FAILED: "digest.job_failed",
    Trouble.DATABASE_AWAY: "digest.database_away",
}


def digest(reader: Reader, incidents: Sequence[Incident]) -> Screen:
    """Tell what went wrong, how often, and what to do."""
    told = "\n".join(
        reader.t.count(_TEXTS[each.kind], each.count, error=each.error) for each in incidents
    )
    return Screen(f"{reader.t('digest.head')}\n\n{told}\n\n{reader.t('digest.what_to_do')}")
