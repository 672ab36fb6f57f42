"""The text of ``doctor``: findings and what to do about each, in English and without names."""

from collections.abc import Iterator
from datetime import timedelta

from bot.observability.redaction import redact
from domain.operations.integrity import Checkup, Parked

ALL_WELL = "No problems found."
NO_DATABASE = (
    "There is no database. What to do: start the bot once, or run `python -m bot migrate`."
)
OLD_SCHEMA = (
    "The database schema is not of this version. "
    "What to do: make a backup, then run `python -m bot migrate`; "
    "if a newer version created it, use that version."
)

_LATE = timedelta(minutes=5)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def findings(checkup: Checkup) -> Iterator[str]:
    """Yield the text of each finding; none if the database is sound."""
    yield from _database_findings(checkup)
    yield from _overlap_findings("provider", checkup.overlaps_of_providers)
    yield from _overlap_findings("client", checkup.overlaps_of_clients)
    if checkup.unswept:
        yield (
            f"Holds that expired more than {_duration_text(_LATE)} ago still block their time: "
            f"{_numbers(checkup.unswept)}. "
            "What to do: check that the bot runs (`python -m bot health`) and read its log."
        )
    if checkup.stray:
        yield (
            f"Reservations that have ended still block their time: {_numbers(checkup.stray)}. "
            "What to do: stop the bot, make a backup, delete their rows from the table `busy`, "
            "and report how it happened."
        )
    yield from _time_findings(checkup)
    yield from map(_parked_text, checkup.parked)
    if checkup.oldest_due is not None and checkup.oldest_due > _LATE:
        yield (
            f"The oldest message has been waiting for {_duration_text(checkup.oldest_due)}. "
            "What to do: check that the bot runs, and look for Telegram's rate limit in its log."
        )
    if checkup.odd_leases:
        yield (
            f"Messages that were claimed and neither sent nor returned: {checkup.odd_leases}. "
            "What to do: restart the bot, which claims them again; if they remain, check whether "
            "the machine's clock jumped."
        )
    if checkup.set_aside is not None:
        yield (
            f"Updates that failed three times and were set aside: {checkup.set_aside.count}. "
            f"Last error: {redact(checkup.set_aside.last_error)}. "
            "What to do: look it up in the log and report it."
        )


def _time_findings(checkup: Checkup) -> Iterator[str]:
    """Yield findings about the time that reservations block and providers offer."""
    if checkup.lacking:
        yield (
            "Live reservations do not block all of their time, so others can book it: "
            f"{_numbers(checkup.lacking)}. "
            "What to do: ask the providers to cancel them with /agenda and the clients to book "
            "again, keep a backup, and report it."
        )
    if checkup.unmerged:
        yield (
            f"Providers whose posted hours overlap or are not merged: "
            f"{_numbers(checkup.unmerged)}. "
            "What to do: ask each to remove and post these hours again with /hours, "
            "keep a backup, and report it."
        )


def _database_findings(checkup: Checkup) -> Iterator[str]:
    """Yield findings about the database as a whole."""
    if checkup.damage:
        yield (
            f"The database file is damaged: {'; '.join(checkup.damage)}. "
            "What to do: stop the bot, keep a copy of the file, restore the last backup, "
            "and check the disk."
        )
    if checkup.loose:
        yield (
            f"Rows refer to missing rows, in: {', '.join(checkup.loose)}. "
            "What to do: stop the bot, and restore the last backup without this finding; "
            "the bot itself never leaves such rows."
        )
    if checkup.ahead is not None:
        yield (
            f"The newest entry is dated {_duration_text(checkup.ahead)} in the future. "
            "What to do: correct this machine's clock (`timedatectl` shows its state), "
            "or wait until that time: holds and messages go by the clock."
        )


def remarks(checkup: Checkup) -> Iterator[str]:
    """Yield information that is no problem."""
    if checkup.unreachable:
        yield (
            f"For your information: {checkup.unreachable} of the known people cannot be reached; "
            "most of them have blocked the bot."
        )


def _overlap_findings(whose: str, reservations: tuple[int, ...]) -> Iterator[str]:
    """Yield the finding about reservations at the same time, if there are any."""
    if reservations:
        yield (
            f"Live reservations overlap an earlier one of the same {whose}: "
            f"{_numbers(reservations)}. "
            "What to do: ask the provider to cancel one of each two with /agenda, keep a backup, "
            "and report it: this should be impossible."
        )


def _parked_text(parked: Parked) -> str:
    """Return the finding about a message that could not be sent."""
    return (
        f"A message ({parked.kind}) was parked {_duration_text(parked.age)} ago: "
        f"{redact(parked.error)}. "
        "What to do: inform its recipient yourself if it still matters, report the error, "
        "then delete the row from the table `outbox`."
    )


def _numbers(reservations: tuple[int, ...]) -> str:
    """Return numbers as text, ``#1, #2``."""
    return ", ".join(f"#{number}" for number in reservations)


def _duration_text(time: timedelta) -> str:
    """Return a duration in the largest unit that fits, rounded down."""
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (timedelta(minutes=1), "minute")):
        if time >= unit:
            return f"{time // unit} {name}{'s' if time >= 2 * unit else ''}"
    return "less than a minute"
