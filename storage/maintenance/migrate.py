"""Migrate the schema at every start, under a lock and in one transaction."""

import asyncio
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError

from storage.database import (
    SqliteConnect,
    database_file,
    explain_connection_errors,
    file_exists,
    make_engine,
    prepare_file,
    prepare_folder,
)
from storage.engine.ownership import is_foreign
from storage.engine.sqlite_file import DatabaseUnusable, check_unused_wal
from storage.tables import metadata

# Any number that no other program locks on the same database.
_LOCK = 0x510716EE9E12
SCRIPTS = Path(__file__).parents[1] / "migrations"
_NAMES_ON_SQLITE = text("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite@_%' ESCAPE '@'")
_NAMES_ON_POSTGRESQL = text(
    "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE nspname = current_schema()"
)


class ForeignKeysBroken(Exception):
    """A migration left rows with broken foreign keys and was rolled back."""


async def migrate(url: str, *, connect: SqliteConnect | None = None) -> None:
    """Create the database if necessary, and run the migrations that it has not seen.

    Of several processes that start at once, one migrates and the others find nothing to do:
    SQLite's transaction locks the file, PostgreSQL's takes an advisory lock. Foreign keys are off
    while SQLite rebuilds tables, which would otherwise delete the children of a rebuilt table, and
    are checked at the end. ``connect`` opens SQLite files instead of aiosqlite.

    Raises:
        ForeignKeysBroken: a migration would break foreign keys.
        DatabaseAway: the server is unreachable.
        DatabaseUnsupported: the URL names another kind of database.
        DatabaseUnusable: the file is not Slotkeeper's, is damaged, or its schema is newer.
    """
    engine = make_engine(url, write=True, migrating=True, connect=connect)
    if file := database_file(url):
        prepare_folder(file)
        # The check may read the whole file.
        await asyncio.to_thread(check_unused_wal, file)
        await prepare_file(file)
    try:
        with explain_connection_errors():
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def is_current(connection: Connection) -> bool:
    """Return whether the schema is the newest that this program knows."""
    return _is_newest(_schema_versions(connection))


async def is_up_to_date(url: str) -> bool:
    """Return whether a database exists with the newest schema that this program knows."""
    if file := database_file(url):
        if not file_exists(file):
            return False
        await asyncio.to_thread(check_unused_wal, file)
    engine = make_engine(url, write=False)
    try:
        with explain_connection_errors():
            async with engine.connect() as connection:
                return await connection.run_sync(is_current)
    except DatabaseError:
        # ``migrate`` says what is wrong with the file.
        return False
    finally:
        await engine.dispose()


def is_compatible(connection: Connection) -> bool:
    """Return whether this program can use the schema.

    A newer schema, migrated by another replica, only adds to what running versions use.
    """
    schema = _schema_versions(connection)
    return _is_newest(schema) or _is_newer(schema)


def refuse_foreign(connection: Connection) -> None:
    """Raise DatabaseUnusable if another program uses the database, or on PostgreSQL the schema."""
    if connection.dialect.name == "sqlite":
        names = {*connection.scalars(_NAMES_ON_SQLITE)}
    else:
        # Other programs may use the same schema, if they leave our names free.
        names = {*connection.scalars(_NAMES_ON_POSTGRESQL)} & {*metadata.tables}
    if is_foreign(names, _schema_versions(connection)):
        raise DatabaseUnusable(
            "DATABASE_URL: another program has its tables there, and nothing was changed: give "
            "Slotkeeper a database or schema of its own."
        )


def _schema_versions(connection: Connection) -> frozenset[str]:
    """Return the latest migrations that a database has seen; an empty set for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return frozenset()
    return frozenset(connection.scalars(text("SELECT version_num FROM alembic_version")))


@cache
def known_migrations(scripts: Path) -> tuple[str, ...]:
    """Return the numbers of the migrations in a folder, in order.

    The number is the start of the file name. The result is cached: if a newer version replaces the
    running one on the disk, the running one still knows what it knew at its start.
    """
    return tuple(
        sorted(script.name.partition("_")[0] for script in (scripts / "versions").glob("[0-9]*.py"))
    )


def _is_newest(schema: frozenset[str]) -> bool:
    """Return whether a schema has seen exactly the migrations that this program knows."""
    return schema == {known_migrations(SCRIPTS)[-1]}


def _is_newer(schema: frozenset[str]) -> bool:
    """Return whether a schema has seen migrations that this program does not know."""
    return not schema <= {*known_migrations(SCRIPTS)}


def _upgrade(connection: Connection) -> None:
    """Run the migrations and check the foreign keys.

    Raises:
        DatabaseUnusable: the schema belongs to another program or to a newer version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    refuse_foreign(connection)
    schema = _schema_versions(connection)
    if _is_newest(schema):
        return
    if _is_newer(schema):
        raise DatabaseUnusable(
            "DATABASE_URL: the database was made by a newer version of Slotkeeper: "
            "run that version, or restore a backup from before it."
        )
    # Alembic loads slowly, and most starts migrate nothing.
    from storage.maintenance.upgrade import upgrade  # noqa: PLC0415

    upgrade(connection, SCRIPTS)
    if (
        connection.dialect.name == "sqlite"
        and connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    ):
        raise ForeignKeysBroken(
            "the migration would leave rows that point to nothing; nothing was changed"
        )
