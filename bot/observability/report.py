"""What ``doctor`` says: findings, and what to do about each. For whoever runs the bot, so in English and without anybody's name."""

import re
from collections.abc import Iterator
from datetime import timedelta

from domain.operations.integrity import Checkup, Parked

ALL_WELL = "All is well."
NO_DATABASE = (
    "There is no database yet. What to do: start the bot once, or run `python -m bot migrate`."
)
OLD_SCHEMA = (
    "The database is not of this version. What to do: make a backup, then run `python -m bot migrate`; "
    "if it comes from a newer version, use that version."
)

_LATE = timedelta(minutes=5)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_LONGEST = 160
# What stands in quotation marks, and long numbers, may be what somebody wrote or who he is.
_PERSONAL = re.compile(r"'[^']*'|\"[^\"]*\"|„[^“]*“|“[^”]*”|\d{5,}")


def findings(checkup: Checkup) -> Iterator[str]:
    """Yield a sentence or two for each thing that is not as it should be; none where all is well."""
    yield from _of_the_file(checkup)
    yield from _overlaps("provider", checkup.overlaps_of_providers)
    yield from _overlaps("client", checkup.overlaps_of_clients)
    if checkup.unswept:
        yield (
            f"Holds that ran out more than {_told(_LATE)} ago still take time: {_numbers(checkup.unswept)}. "
            "What to do: see that the bot runs (`python -m bot health`) and what its log says."
        )
    if checkup.stray:
        yield (
            f"Reservations that are over still take time: {_numbers(checkup.stray)}. "
            "What to do: stop the bot, make a backup, delete their rows from the table `busy`, and report how it came about."
        )
    yield from _of_cells(checkup)
    yield from map(_parked, checkup.parked)
    if checkup.oldest_due is not None and checkup.oldest_due > _LATE:
        yield (
            f"The oldest message has waited for {_told(checkup.oldest_due)}. "
            "What to do: see that the bot runs, and whether its log tells of Telegram asking for patience."
        )
    if checkup.odd_leases:
        yield (
            f"Messages that somebody took in hand and neither sent nor gave back: {checkup.odd_leases}. "
            "What to do: start the bot anew, which takes them over; if they stay, see whether the machine's clock jumped."
        )
    if checkup.set_aside is not None:
        yield (
            f"Updates that failed three times and were set aside: {checkup.set_aside.count}. "
            f"The last one's error: {without_persons(checkup.set_aside.last_error)}. What to do: look it up in the log and report it."
        )


def _of_cells(checkup: Checkup) -> Iterator[str]:
    """Yield what there is to say of cells and hours."""
    if checkup.lacking:
        yield (
            f"Live reservations do not take all of their time, so that others could: {_numbers(checkup.lacking)}. "
            "What to do: have the provider cancel them with /agenda and the clients book anew, keep a backup, and report it."
        )
    if checkup.unmerged:
        yield (
            f"Providers whose posted hours overlap or were not joined: {_numbers(checkup.unmerged)}. "
            "What to do: have each remove and post these hours anew with /hours, keep a backup, and report it."
        )


def _of_the_file(checkup: Checkup) -> Iterator[str]:
    """Yield what there is to say of the database as such."""
    if checkup.damage:
        yield (
            f"The database file is damaged: {'; '.join(checkup.damage)}. "
            "What to do: stop the bot, keep a copy of the file, restore the last backup, and see whether the disk is sound."
        )
    if checkup.loose:
        yield (
            f"Rows point to others that are not there, in: {', '.join(checkup.loose)}. "
            "What to do: stop the bot, and restore the last backup for which this is not said; the bot itself never leaves such rows."
        )
    if checkup.ahead is not None:
        yield (
            f"The newest entry is dated {_told(checkup.ahead)} ahead. What to do: set the clock of this machine right "
            "(`timedatectl` tells of it), or wait until that time has come: holds and messages go by the clock."
        )


def remarks(checkup: Checkup) -> Iterator[str]:
    """Yield what is good to know and nothing to worry about."""
    if checkup.unreachable:
        yield f"For your information: {checkup.unreachable} of the people known here cannot be reached; most have blocked the bot."


def without_persons(error: str) -> str:
    """Return an error's first line, short and without what might be personal."""
    first = (error.strip().splitlines() or ["unknown"])[0]
    return _PERSONAL.sub("…", first)[:_LONGEST].rstrip(" .")


def _overlaps(whose: str, reservations: tuple[int, ...]) -> Iterator[str]:
    """Yield what there is to say of reservations in the same time."""
    if reservations:
        yield (
            f"Live reservations overlap an earlier one of the same {whose}: {_numbers(reservations)}. "
            "What to do: have the provider cancel one of each two with /agenda, keep a backup, and report it: this should be impossible."
        )


def _parked(parked: Parked) -> str:
    """Return what there is to say of a message that nobody got."""
    return (
        f"A message ({parked.kind}) was parked {_told(parked.age)} ago: {without_persons(parked.error)}. "
        "What to do: tell its recipient yourself if it still matters, report the error, then delete the row from the table `outbox`."
    )


def _numbers(reservations: tuple[int, ...]) -> str:
    """Return the numbers of reservations as they are read."""
    return ", ".join(f"#{number}" for number in reservations)


def _told(time: timedelta) -> str:
    """Return how long something is, in the largest unit that fits."""
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (timedelta(minutes=1), "minute")):
        if time >= unit:
            return f"{time // unit} {name}{'s' if time >= 2 * unit else ''}"
    return "less than a minute"
