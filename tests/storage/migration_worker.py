"""A process that migrates a database."""

import asyncio

from storage.maintenance.migrate import migrate


def work(url: str) -> None:
    """Migrate it."""
    asyncio.run(migrate(url))
