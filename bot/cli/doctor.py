"""Check the database without changing it, and print findings and what to do."""

import argparse
import asyncio

from bot.clock import system_clock
from bot.observability import report
from bot.settings import Settings
from domain.operations.integrity import Checkup
from storage.database import check_file, database_file, file_exists
from storage.maintenance.integrity import open_integrity_check


def execute(settings: Settings, _options: argparse.Namespace) -> int:
    """Print the findings; return 1 if there are any."""
    file = database_file(settings.database_url)
    if file is not None and not file_exists(file):
        print(report.NO_DATABASE)
        return 1
    check_file(settings.database_url)
    checkup = asyncio.run(_examined(settings.database_url))
    if checkup is None:
        print(report.OLD_SCHEMA)
        return 1
    found = list(report.findings(checkup))
    print(*(found or [report.ALL_WELL]), *report.remarks(checkup), sep="\n")
    return 1 if found else 0


async def _examined(url: str) -> Checkup | None:
    """Return the state of the database, or None if its schema is of another version."""
    async with open_integrity_check(url) as integrity:
        return await integrity.run(system_clock()) if await integrity.is_current() else None
