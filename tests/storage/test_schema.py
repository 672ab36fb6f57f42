"""The schema that migrations make is the one the program works with."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from storage import migrate as migrating
from storage.database import Database, DatabaseUnsupported, database_file, make_engine
from storage.migrate import ForeignKeysBroken, is_current, migrate
from storage.tables import metadata
from tests.storage.processes import run_together, spawn_migration
from tests.storage.venue import everything, rows

HEAD = "0002"
REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{number}", "{before}", None, None


def upgrade() -> None:
{body}


def downgrade() -> None: ...
"""


def described(file: Path) -> dict[str, list[str]]:
    """Return each table and index as the lines of its definition, in no order: constraints may be listed in any."""
    found = rows(f"sqlite:///{file}", "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'")
    return {name: sorted(re.sub(r"\s+", " ", line).strip(" ,") for line in sql.splitlines() if line.strip()) for name, sql in found}


def test_migrations_leave_nothing_that_autogenerate_would_change(migrated_file: Path, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{shutil.copyfile(migrated_file, tmp_path / 'copy.db')}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
        current = is_current(connection)
    engine.dispose()

    assert differences == []
    assert current


def test_migrations_make_the_very_constraints_and_indexes_of_the_tables(migrated_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "created.db"
    engine = create_engine(f"sqlite:///{file}")
    metadata.create_all(engine)
    engine.dispose()

    created = described(file)

    assert described(migrated_file) == created
    # What autogenerate does not see is really among what is compared.
    text = " ".join(line for lines in created.values() for line in lines)
    for seen in ("CHECK", "WITHOUT ROWID", "WHERE status = 'held'", "CONSTRAINT pk_busy", "CONSTRAINT fk_busy_reservation_id", "UNIQUE"):
        assert seen in text


def test_every_constraint_has_a_name(migrated_file: Path) -> None:
    unnamed = [
        line
        for lines in described(migrated_file).values()
        for line in lines
        if re.match(r"(PRIMARY KEY|FOREIGN KEY|CHECK|UNIQUE)\b", line) or " PRIMARY KEY" in line.split("CONSTRAINT")[0]
    ]

    assert unnamed == []


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = everything(database_url)

    await migrate(database_url)

    assert everything(database_url) == before


async def test_migrating_makes_the_directory_and_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/and deep/100%.db"

    await migrate(url)

    assert rows(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_of_processes_that_start_at_once_all_find_the_schema_ready(migrated_file: Path, tmp_path: Path) -> None:
    for attempt in range(3):
        url = f"sqlite:///{tmp_path}/{attempt}.db"

        assert run_together([spawn_migration(url) for _ in range(4)]) == [0, 0, 0, 0]
        assert described(tmp_path / f"{attempt}.db") == described(migrated_file)
        assert rows(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's migrations, in a place where a test may add some."""
    copied = Path(shutil.copytree(Path(migrating.__file__).with_name("migrations"), tmp_path / "migrations"))
    monkeypatch.setattr(migrating, "_SCRIPTS", copied)
    return copied / "versions"


def add_revision(scripts: Path, number: str, before: str, *body: str) -> None:
    lines = "\n".join(f"    {line}" for line in body)
    (scripts / f"{number}_added.py").write_text(REVISION.format(number=number, before=before, body=lines), encoding="utf-8")


async def test_a_failing_migration_leaves_everything_as_it_was(database_url: str, scripts: Path) -> None:
    add_revision(scripts, "9001", HEAD, 'op.create_table("extra", sa.Column("id", sa.Integer()))')
    add_revision(scripts, "9002", "9001", 'op.add_column("client", sa.Column("extra", sa.Integer()))', 'raise ArithmeticError("half way")')
    before = everything(database_url), rows(database_url, "SELECT * FROM sqlite_master")

    with pytest.raises(ArithmeticError, match="half way"):
        await migrate(database_url)

    assert (everything(database_url), rows(database_url, "SELECT * FROM sqlite_master")) == before


async def test_a_failing_migration_leaves_a_new_database_empty(tmp_path: Path, scripts: Path) -> None:
    add_revision(scripts, "9001", HEAD, 'raise ArithmeticError("half way")')

    with pytest.raises(ArithmeticError, match="half way"):
        await migrate(f"sqlite:///{tmp_path}/new.db")

    assert rows(f"sqlite:///{tmp_path}/new.db", "SELECT * FROM sqlite_master") == []


def fill(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("INSERT INTO client (id, name, first_seen_at) VALUES (1, 'Alice', 0)")
        connection.execute("INSERT INTO dialogue (client_id, data, changed_at) VALUES (1, '{}', 0)")


async def test_rebuilding_a_table_keeps_the_rows_that_point_to_it(database_url: str, scripts: Path) -> None:
    fill(database_url)
    add_revision(
        scripts, "9001", HEAD, 'with op.batch_alter_table("client", recreate="always") as batch:', '    batch.drop_column("username")'
    )

    await migrate(database_url)

    assert rows(database_url, "SELECT id, name FROM client") == [(1, "Alice")]
    assert rows(database_url, "SELECT client_id FROM dialogue") == [(1,)]


async def test_a_migration_that_orphans_rows_is_undone(database_url: str, scripts: Path) -> None:
    fill(database_url)
    add_revision(scripts, "9001", HEAD, 'op.execute("DELETE FROM client")')
    before = everything(database_url)

    with pytest.raises(ForeignKeysBroken):
        await migrate(database_url)

    assert everything(database_url) == before


async def test_a_database_without_the_newest_schema_is_known(database_url: str, scripts: Path) -> None:
    add_revision(scripts, "9001", HEAD, "pass")
    engine = make_engine(database_url, write=True)
    async with engine.connect() as open_connection:
        assert not await open_connection.run_sync(is_current)
    await engine.dispose()

    await migrate(database_url)

    async with engine.connect() as open_connection:
        assert await open_connection.run_sync(is_current)
    await engine.dispose()


@pytest.mark.parametrize("url", ["postgresql://localhost/slots", "mysql://localhost/slots"])
def test_another_kind_of_database_is_refused_by_name(url: str) -> None:
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
def test_the_file_behind_a_url_is_known(url: str, file: Path | None) -> None:
    assert database_file(url) == file
