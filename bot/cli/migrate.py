"""Make the database, or bring it up to date."""

import argparse
import asyncio

from bot.settings import Settings
from storage.maintenance.migrate import migrate


def execute(settings: Settings, _options: argparse.Namespace) -> int:
    """Run the migrations the database has not seen."""
    asyncio.run(migrate(settings.database_url))
    print("The database is up to date.")
    return 0
