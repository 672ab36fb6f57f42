"""Create the database, or migrate it to the current version."""

import argparse
import asyncio

from bot.settings import Settings
from storage.maintenance.migrate import migrate


def execute(settings: Settings, _options: argparse.Namespace) -> int:
    """Run the pending migrations."""
    asyncio.run(migrate(settings.database_url))
    print("The database is up to date.")
    return 0
