"""Bring the schema up to date: run at every start, under a lock, in one transaction."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.database import make_engine, prepare_file

_SCRIPTS = Path(__file__).with_name("migrations")


class ForeignKeysBroken(Exception):
    """A migration left rows that point nowhere; nothing of it was kept."""


async def migrate(url: str) -> None:
    """Make the database where there is none, and run the migrations it has not seen.

    The transaction begins immediately, so of several processes that start at once one migrates and the others find nothing to do. Foreign
    keys are off while tables are rebuilt, since SQLite would otherwise delete the children of a rebuilt table, and are checked at the end.

    Raises:
        ForeignKeysBroken, DatabaseUnsupported, DatabaseUnusable: see there.
    """
    engine = make_engine(url, write=True, foreign_keys=False)
    prepare_file(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def is_current(connection: Connection) -> bool:
    """Tell whether the schema is the newest this program knows."""
    return frozenset(MigrationContext.configure(connection).get_current_heads()) == _heads(_SCRIPTS)


@cache
def _heads(scripts: Path) -> frozenset[str]:
    """Return the newest revisions; finding them reads every script, and they do not change while the program runs."""
    return frozenset(ScriptDirectory(str(scripts)).get_heads())


def _upgrade(connection: Connection) -> None:
    """Run the migrations and check that no row points nowhere."""
    command.upgrade(alembic_config(connection), "head")
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise ForeignKeysBroken("the migration would leave rows that point to nothing; nothing was changed")
