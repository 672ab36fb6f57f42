"""The migrations create the schema that the program uses."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from domain.provider import name_key
from storage.database import Database, DatabaseUnsupported, database_file, make_engine
from storage.maintenance import migrate as migrate_module
from storage.maintenance.migrate import ForeignKeysBroken, is_current, migrate
from storage.maintenance.upgrade import upgrade
from storage.tables import metadata
from tests.kit.clinic import NOW
from tests.kit.raw_database import all_rows, literal, micros, rows, run_sql
from tests.kit.worker import run_together

Result = TypeVar("Result")

SCRIPTS = Path(migrate_module.__file__).parents[1] / "migrations"
HEAD = str(ScriptDirectory(str(SCRIPTS)).get_current_head())
REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{number}", "{before}", None, None


def upgrade() -> None:
{body}


def downgrade() -> None: ...
"""

COLUMNS = """SELECT relname, attname || ' ' || format_type(atttypid, atttypmod)
    || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
    || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '')
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND attnum > 0 AND NOT attisdropped"""
CONSTRAINTS = """SELECT conrelid::regclass::text,
    'CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"""
INDEXES = "SELECT tablename::text, indexdef FROM pg_indexes WHERE schemaname = 'public'"


def definitions(url: str) -> dict[str, list[str]]:
    """Return the sorted parts of the definition of each table, and on SQLite of each index.

    Constraints may be listed in any order.
    """
    if url.startswith("postgresql:"):
        found = [row for query in (COLUMNS, CONSTRAINTS, INDEXES) for row in rows(url, query)]
    else:
        found = [
            (name, part)
            for name, sql in rows(url, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            for part in parts(sql)
        ]
    names = {name for name, _ in found} - {"alembic_version"}
    return {name: sorted(part for owner, part in found if owner == name) for name in names}


def parts(sql: str) -> Iterator[str]:
    """Yield the parts of a definition between its commas, outside of nested parentheses."""
    head, _, body = re.sub(r"\s+", " ", sql).partition("(")
    body, _, tail = body.rpartition(")")
    yield f"{head.strip()} {tail.strip()}"
    begin = depth = 0
    for at, sign in enumerate(f"{body},"):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            yield body[begin:at].strip()
            begin = at + 1


async def on_connection(url: str, do: Callable[[Connection], Result]) -> Result:
    """Call a function with a new connection."""
    engine = make_engine(url, write=True)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(do)
    finally:
        await engine.dispose()


async def test_alembic_finds_no_difference_between_migrations_and_tables(database_url: str) -> None:
    def differences(connection: Connection) -> object:
        return compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), metadata
        )

    assert await on_connection(database_url, differences) == []
    assert await on_connection(database_url, is_current)


def test_known_migrations_are_those_that_alembic_reads() -> None:
    read = [script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()]

    known = migrate_module.known_migrations(SCRIPTS)
    assert known == tuple(reversed(read))
    assert known[-1] == HEAD


def test_known_migrations_do_not_change_while_the_program_runs(migrations_folder: Path) -> None:
    """A newer version may replace the running one on the disk."""
    before = migrate_module.known_migrations(migrations_folder.parent)
    add_revision(migrations_folder, "9999", HEAD, "pass")
    assert migrate_module.known_migrations(migrations_folder.parent) == before


EXPECTED = {
    "sqlite": (
        *("CHECK", "WITHOUT ROWID", "WHERE status = 'held'", "CONSTRAINT pk_busy PRIMARY KEY"),
        *("CONSTRAINT fk_busy_reservation_id FOREIGN KEY", "CONSTRAINT uq_provider_slug UNIQUE"),
    ),
    "postgresql": (
        *(
            "CHECK",
            "WHERE ((status)::text = 'held'::text)",
            "CONSTRAINT pk_busy PRIMARY KEY",
            "due_at timestamp with time zone NOT NULL",
        ),
        *("CONSTRAINT fk_busy_reservation_id FOREIGN KEY", "CONSTRAINT uq_provider_slug UNIQUE"),
    ),
}


async def test_migrations_create_the_constraints_and_indexes_of_the_tables(
    database_url: str, empty_database_url: str, engine: str
) -> None:
    await on_connection(empty_database_url, metadata.create_all)

    created = definitions(empty_database_url)

    assert definitions(database_url) == created
    # Check that the comparison includes what autogenerate does not see.
    text = "\n".join(part for parts in created.values() for part in parts)
    assert [seen for seen in EXPECTED[engine] if seen not in text] == []


def test_every_constraint_has_a_name(database_url: str) -> None:
    every = [part for parts in definitions(database_url).values() for part in parts]
    # PostgreSQL generates names of another form.
    unnamed = [
        part
        for part in every
        if re.match(r"(PRIMARY KEY|FOREIGN KEY|CHECK|UNIQUE)\b|CONSTRAINT (?!(pk|fk|ck|uq)_)", part)
        or " PRIMARY KEY" in part.split("CONSTRAINT")[0]
    ]

    assert unnamed == []
    assert len([part for part in every if part.startswith("CONSTRAINT")]) > 20


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = all_rows(database_url)

    await migrate(database_url)

    assert all_rows(database_url) == before


async def test_migrating_creates_the_directory_and_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/and deep/100%.db"

    await migrate(url)

    assert rows(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


@pytest.mark.parametrize("attempt", range(3))
def test_processes_that_migrate_at_once_all_succeed(
    database_url: str, empty_database_url: str, attempt: int
) -> None:
    migrations = [("tests.storage.migration_worker:work", empty_database_url)] * 4
    assert run_together(*migrations) == [0, 0, 0, 0]
    assert definitions(empty_database_url) == definitions(database_url)
    assert rows(empty_database_url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


async def test_a_database_of_the_first_version_keeps_its_rows(
    empty_database_url: str, database_url: str
) -> None:
    await on_connection(empty_database_url, lambda connection: upgrade(connection, SCRIPTS, "0001"))
    then = literal(empty_database_url, NOW)
    run_sql(
        empty_database_url,
        f"INSERT INTO client (id, name, first_seen_at) VALUES (77, 'Alice', {then});"
        f"INSERT INTO dialogue (client_id, data, changed_at) VALUES (77, '{{}}', {then})",
    )
    run_sql(
        empty_database_url,
        "INSERT INTO outbox (recipient_id, kind, due_at, lease_until, attempts, state)"
        f" VALUES (77, 'reply', {then}, {then}, 1, 'due')",
    )

    await migrate(empty_database_url)

    assert definitions(empty_database_url) == definitions(database_url)
    people = "SELECT id, telegram_id, name, first_seen_at FROM person"
    assert rows(empty_database_url, people) == [(1, 77, "Alice", micros(NOW))]
    dialogues = "SELECT person_id, data, changed_at FROM dialogue"
    assert rows(empty_database_url, dialogues) == [(1, "{}", micros(NOW))]
    assert rows(
        empty_database_url,
        "SELECT recipient_id, chat_id, kind, due_at, lease_until, leased_by FROM outbox",
    ) == [(1, 77, "reply", micros(NOW), micros(NOW), None)]


async def test_a_migration_removes_accents_from_the_names_to_search(
    empty_database_url: str,
) -> None:
    url, then = empty_database_url, literal(empty_database_url, NOW)
    await on_connection(url, lambda connection: upgrade(connection, SCRIPTS, "0003"))
    for number, name in enumerate(("Jérôme", "jerome", "O’Brien", "Ωmega"), start=1):
        run_sql(url, f"INSERT INTO client (id, name, first_seen_at) VALUES ({number}, 'x', {then})")
        run_sql(
            url,
            "INSERT INTO provider (id, client_id, name, name_key, slug, joined_at)"
            f" VALUES ({number}, {number}, '{name}', '{name.casefold()}', 's{number}', {then})",
        )

    await migrate(url)

    kept = rows(url, "SELECT name, name_key FROM provider ORDER BY id")
    assert kept == [
        ("Jérôme", "jerome"),
        ("jerome", "jerome"),
        ("O’Brien", "o'brien"),
        ("Ωmega", "ωmega"),
    ]
    assert [key for _, key in kept] == [name_key(name) for name, _ in kept]


@pytest.fixture
def migrations_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's migrations to which a test may add."""
    copied = Path(shutil.copytree(SCRIPTS, tmp_path / "migrations"))
    monkeypatch.setattr(migrate_module, "SCRIPTS", copied)
    return copied / "versions"


def add_revision(migrations_folder: Path, number: str, before: str, *body: str) -> None:
    lines = "\n".join(f"    {line}" for line in body)
    (migrations_folder / f"{number}_added.py").write_text(
        REVISION.format(number=number, before=before, body=lines), encoding="utf-8"
    )


def contents(url: str) -> object:
    """Return all rows of a database, and its schema."""
    return all_rows(url), rows(url, "SELECT * FROM sqlite_master") if url.startswith(
        "sqlite:"
    ) else definitions(url)


@pytest.mark.changes_schema
async def test_a_failing_migration_changes_nothing(
    database_url: str, migrations_folder: Path
) -> None:
    add_revision(
        migrations_folder, "9998", HEAD, 'op.create_table("extra", sa.Column("id", sa.Integer()))'
    )
    add_revision(
        migrations_folder,
        "9999",
        "9998",
        'op.add_column("person", sa.Column("extra", sa.Integer()))',
        'raise ArithmeticError("half way")',
    )
    before = contents(database_url)

    with pytest.raises(ArithmeticError, match="half way"):
        await migrate(database_url)

    assert contents(database_url) == before


async def test_a_failing_migration_leaves_a_new_database_empty(
    empty_database_url: str, migrations_folder: Path
) -> None:
    add_revision(migrations_folder, "9998", HEAD, 'raise ArithmeticError("half way")')

    with pytest.raises(ArithmeticError, match="half way"):
        await migrate(empty_database_url)

    assert (all_rows(empty_database_url), definitions(empty_database_url)) == ({}, {})


def fill(url: str) -> None:
    then = literal(url, NOW)
    run_sql(url, f"INSERT INTO person (id, name, first_seen_at) VALUES (1, 'Alice', {then})")
    run_sql(url, f"INSERT INTO dialogue (person_id, data, changed_at) VALUES (1, '{{}}', {then})")


# PostgreSQL alters tables in place.
@pytest.mark.engines("sqlite")
async def test_rebuilding_a_table_keeps_the_rows_that_point_to_it(
    database_url: str, migrations_folder: Path
) -> None:
    fill(database_url)
    add_revision(
        migrations_folder,
        "9998",
        HEAD,
        'with op.batch_alter_table("person", recreate="always") as batch:',
        '    batch.drop_column("username")',
    )

    await migrate(database_url)

    assert rows(database_url, "SELECT id, name FROM person") == [(1, "Alice")]
    assert rows(database_url, "SELECT person_id FROM dialogue") == [(1,)]


ORPHANS_REFUSED = {"sqlite": ForeignKeysBroken, "postgresql": IntegrityError}


@pytest.mark.changes_schema
async def test_a_migration_that_orphans_rows_is_rolled_back(
    database_url: str, engine: str, migrations_folder: Path
) -> None:
    fill(database_url)
    add_revision(migrations_folder, "9998", HEAD, 'op.execute("DELETE FROM person")')
    before = all_rows(database_url)

    with pytest.raises(ORPHANS_REFUSED[engine]):
        await migrate(database_url)

    assert all_rows(database_url) == before


@pytest.mark.changes_schema
async def test_an_outdated_schema_is_detected(database_url: str, migrations_folder: Path) -> None:
    add_revision(migrations_folder, "9998", HEAD, "pass")
    assert not await on_connection(database_url, is_current)

    await migrate(database_url)

    assert await on_connection(database_url, is_current)


@pytest.mark.parametrize("url", ["oracle://localhost/slots", "mysql://localhost/slots"])
def test_an_unsupported_database_is_refused_by_name(url: str) -> None:
    with pytest.raises(DatabaseUnsupported, match=url.partition(":")[0]):
        Database(url)


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///data/slots.db", Path("data/slots.db")),
        ("sqlite:////var/slots.db", Path("/var/slots.db")),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("postgresql://localhost/slots", None),
    ],
)
def test_the_file_of_a_url_is_found(url: str, file: Path | None) -> None:
    assert database_file(url) == file
