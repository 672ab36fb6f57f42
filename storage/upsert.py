"""INSERT … ON CONFLICT, which SQLAlchemy spells once for each database."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_or(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT into the table that takes an ON CONFLICT clause."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
