"""Run migrations with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from storage.engine.sqlite_file import DatabaseUnusable

# The locks that live replicas hold; see storage.cluster.membership.
_REPLICAS = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
    " WHERE locktype = 'advisory' AND datname = current_database()"
    " AND classid = 5310209 AND objsubid = 2 AND granted"
)


def upgrade(connection: Connection, scripts: Path, to: str = "head") -> None:
    """Run the migrations in a folder that the database has not seen, up to ``to``."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def refuse_previous_replicas(connection: Connection) -> None:
    """Refuse a migration that the previous version cannot run with, on PostgreSQL.

    Raises:
        DatabaseUnusable: a replica of the previous version runs.
    """
    if connection.scalar(_REPLICAS):
        raise DatabaseUnusable(
            "DATABASE_URL: replicas of the previous version are running: stop all of them, then "
            "start this version."
        )
