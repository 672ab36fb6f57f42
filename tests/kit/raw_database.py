"""Reads and changes a database with its driver alone, so that tests share no code with storage."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kit.postgres import execute, fetch
from tests.kit.waiting import until


def rows(url: str, sql: str) -> list[Any]:
    """Return a query's rows; instants are microseconds since 1970 on every database."""
    if url.startswith("postgresql:"):
        return [
            tuple(micros(value) if isinstance(value, datetime) else value for value in row)
            for row in fetch(url, sql)
        ]
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return connection.execute(sql).fetchall()


def run_sql(url: str, sql: str) -> None:
    """Execute a statement behind the bot's back; foreign keys are not checked."""
    if url.startswith("postgresql:"):
        execute(url, f"SET LOCAL session_replication_role = replica; {sql}")
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.executescript(sql)


def reject_inserts(url: str, table: str) -> None:
    """Make every insert into a table fail with an error that is not about a connection or disk."""
    if url.startswith("postgresql:"):
        body = "$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '22000'; END $$"
        execute(
            url,
            f"CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS {body}",
            f"CREATE TRIGGER refuses BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuses()",
        )
    else:
        run_sql(
            url,
            f"CREATE TRIGGER refuses BEFORE INSERT ON {table}"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )


async def until_row(url: str, sql: str) -> None:
    """Wait until a query returns a row."""
    await until(lambda: rows(url, sql))


def literal(url: str, moment: datetime) -> str:
    """Return an instant as an SQL literal."""
    return (
        f"'{moment.isoformat()}'::timestamptz"
        if url.startswith("postgresql:")
        else str(micros(moment))
    )


def all_rows(url: str) -> dict[str, list[Any]]:
    """Return the rows of all tables, to compare two states."""
    postgres = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    names = [name for (name,) in rows(url, postgres if url.startswith("postgresql:") else sqlite)]
    return {name: sorted(rows(url, f"SELECT * FROM {name}"), key=repr) for name in names}


def micros(moment: datetime) -> int:
    """Return an instant as SQLite stores it: microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
