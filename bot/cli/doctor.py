"""Look the database over without changing it, and say what is wrong and what to do."""

import argparse
import asyncio

from bot.clock import system_clock
from bot.observability import report as doctor
from bot.settings import Settings
from domain.operations.integrity import Checkup
from storage.database import check_file, database_file, is_there
from storage.maintenance.integrity import examined


def execute(settings: Settings, _options: argparse.Namespace) -> int:
    """Print what is wrong."""
    file = database_file(settings.database_url)
    if file is not None and not is_there(file):
        print(doctor.NO_DATABASE)
        return 1
    check_file(settings.database_url)
    checkup = asyncio.run(_examined(settings.database_url))
    if checkup is None:
        print(doctor.OLD_SCHEMA)
        return 1
    found = list(doctor.findings(checkup))
    print(*(found or [doctor.ALL_WELL]), *doctor.remarks(checkup), sep="\n")
    return 1 if found else 0


async def _examined(url: str) -> Checkup | None:
    """Return the state of the books, None where they are not of this version."""
    async with examined(url) as books:
        return await books.checkup(system_clock()) if await books.is_current() else None
