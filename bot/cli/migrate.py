"""Create the database, or migrate it to the current version."""

import argparse
import asyncio

from bot.settings import Settings
from storage.cluster.process_lock import process_lock
from storage.maintenance.migrate import is_up_to_date, migrate


def execute(settings: Settings, _options: argparse.Namespace) -> int:
    """Run the pending migrations."""
    asyncio.run(bring_up_to_date(settings.database_url))
    print("The database is up to date.")
    return 0


async def bring_up_to_date(url: str) -> None:
    """Run the pending migrations; if there are any, no bot may use the file meanwhile."""
    if await is_up_to_date(url):
        return
    async with process_lock(url):
        await migrate(url)
