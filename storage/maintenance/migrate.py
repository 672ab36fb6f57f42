"""Bring the schema up to date: run at every start, under a lock, in one transaction."""

import asyncio
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from storage.database import database_file, make_engine, prepare_file, prepare_folder, reachable
from storage.engine.ownership import is_foreign
from storage.engine.sqlite_file import DatabaseUnusable, check_unused_log
from storage.tables import metadata

# Any number will do that no other program on the same database locks.
_LOCK = 0x510716EE9E12
_SCRIPTS = Path(__file__).parents[1] / "migrations"
_NAMES_ON_SQLITE = text("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite@_%' ESCAPE '@'")
_NAMES_ON_POSTGRESQL = text(
    "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = current_schema()"
)


class ForeignKeysBroken(Exception):
    """A migration left rows that point nowhere; nothing of it was kept."""


async def migrate(url: str) -> None:
    """Make the database where there is none, and run the migrations it has not seen.

    Under a lock (SQLite's transaction begins immediately, PostgreSQL's takes one of its own), so of several processes that start at once
    one migrates and the others find nothing to do. Foreign keys are off while SQLite rebuilds tables, since it would otherwise delete the
    children of a rebuilt table, and are checked at the end.

    Raises:
        ForeignKeysBroken, DatabaseAway, DatabaseUnsupported, DatabaseUnusable: see there.
    """
    engine = make_engine(url, write=True, migrating=True)
    if file := database_file(url):
        prepare_folder(file)
        # The whole file may have to be read.
        await asyncio.to_thread(check_unused_log, file)
        prepare_file(file)
    try:
        with reachable():
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def is_current(connection: Connection) -> bool:
    """Tell whether the schema is the newest this program knows."""
    return _is_newest(_schema_of(connection))


def is_of_use(connection: Connection) -> bool:
    """Tell whether this program can go on with the schema: a newer one, which another replica made, takes nothing from those that run."""
    schema = _schema_of(connection)
    return _is_newest(schema) or _is_newer(schema)


def refuse_foreign(connection: Connection) -> None:
    """Refuse a database, or on PostgreSQL a schema, that another program uses; raises DatabaseUnusable."""
    if connection.dialect.name == "sqlite":
        names = {*connection.scalars(_NAMES_ON_SQLITE)}
    else:
        # Other programs may have tables in the same schema, as long as they leave our names alone.
        names = {*connection.scalars(_NAMES_ON_POSTGRESQL)} & {*metadata.tables}
    if is_foreign(names, _schema_of(connection)):
        raise DatabaseUnusable(
            "DATABASE_URL: another program has its tables there, and nothing was changed: give Slotkeeper a database or schema of its own."
        )


def _schema_of(connection: Connection) -> frozenset[str]:
    """Return the newest migrations a database has seen; none for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return frozenset()
    return frozenset(connection.scalars(text("SELECT version_num FROM alembic_version")))


@cache
def _known(scripts: Path) -> tuple[str, ...]:
    """Return the migrations this program knows, in order: the number of each stands first in the name of its file.

    They are read once: where a newer version was put in this one's place, this one still knows what it knew as it started.
    """
    return tuple(
        sorted(script.name.partition("_")[0] for script in (scripts / "versions").glob("[0-9]*.py"))
    )


def _is_newest(schema: frozenset[str]) -> bool:
    """Tell whether a schema has seen all migrations that this program knows, and no other."""
    return schema == {_known(_SCRIPTS)[-1]}


def _is_newer(schema: frozenset[str]) -> bool:
    """Tell whether a schema has seen migrations that this program does not know."""
    return not schema <= {*_known(_SCRIPTS)}


def _upgrade(connection: Connection) -> None:
    """Run the migrations and check that no row points nowhere.

    Raises DatabaseUnusable for the schema of another program, or of a newer version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    refuse_foreign(connection)
    schema = _schema_of(connection)
    if _is_newest(schema):
        return
    if _is_newer(schema):
        raise DatabaseUnusable(
            "DATABASE_URL: the database was made by a newer version of Slotkeeper: run that version, or restore a backup from before it."
        )
    from storage.maintenance.upgrade import upgrade  # noqa: PLC0415  (Alembic takes long to load, and most starts migrate nothing)

    upgrade(connection, _SCRIPTS)
    if (
        connection.dialect.name == "sqlite"
        and connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    ):
        raise ForeignKeysBroken(
            "the migration would leave rows that point to nothing; nothing was changed"
        )
