"""A process that migrates a database."""

import asyncio

from storage.maintenance.migrate import migrate


def work(url: str) -> None:
    """Migrate the database."""
    asyncio.run(migrate(url))
