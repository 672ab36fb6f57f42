"""Every statement that storage builds once finds its rows by an index: shown by SQLite's own plan, for all of them."""

import importlib
import pkgutil
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Delete, Select, Update, create_engine, select
from sqlalchemy.dialects import sqlite

import storage
from storage.tables import busy, reservation

Statement = Select[*tuple[object, ...]] | Update | Delete


def statements() -> Iterator[tuple[str, Statement]]:
    for module in pkgutil.iter_modules(storage.__path__):
        if module.name != "migrations":
            for name, value in vars(importlib.import_module(f"storage.{module.name}")).items():
                if isinstance(value, Select | Update | Delete):
                    yield f"{module.name}.{name}", value


STATEMENTS = dict(statements())

# Where a whole table or index is read, and why that is right.
SCANS = {
    # A part may stand anywhere in a name; the names are read in their order from the index.
    "providers._SEARCH": r"SCAN provider USING INDEX ix_provider_name_key_id",
    # The same names are counted, for the number of pages.
    "providers._COUNT": r"SCAN provider",
    # Failed updates are few, and they are tidied up once a night.
    "pruning._FAILURES": r"SCAN failed_update",
    # Incidents have one row for each kind of trouble: five.
    "incidents._UNTOLD": r"SCAN incident USING COVERING INDEX sqlite_autoindex_incident_1",
    "incidents._TAKE": r"SCAN incident",
    "pruning._INCIDENTS": r"SCAN incident",
    # The first thousand entries of an index that holds only what still waits.
    "outbox._NEXT": r"SCAN outbox USING INDEX ix_outbox_due and SEARCH anon_1",
    # The same index, once, at the start.
    "outbox._RELEASE": r"(SCAN|SEARCH) outbox USING INDEX ix_outbox_(due|waiting)",
    # The operator's look at the books reads all that is live, or few, or asked for by him alone.
    **{
        f"doctor.{name}": r"SCAN .*"
        for name in ("_LAST_ERROR", "_SET_ASIDE", "_UNREACHABLE", "_STRAY", "_LACKING", "_UNMERGED", "_ODD_LEASES")
    },
    **{f"doctor._OVERLAPS_OF_{whose}": r"SCAN .*" for whose in ("PROVIDERS", "CLIENTS")},
    # The least of an index is its first entry.
    "reservations._NEXT_EXPIRY": r"SEARCH reservation USING (COVERING )?INDEX ix_reservation_due",
}


@pytest.fixture
def plans(migrated_file: Path, tmp_path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{shutil.copyfile(migrated_file, tmp_path / 'plans.db')}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def plan_of(connection: Connection, statement: Statement) -> list[str]:
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
    sample = {name: [1, 2] if bind.expanding else 1 for name, bind in compiled.binds.items()}
    text = compiled.construct_expanded_state(sample).statement
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", (1,) * text.count("?"))]


def scans(plan: list[str]) -> list[str]:
    """Return the steps that read all of something: a search without a condition does so too, unless it only wants the least."""
    return [step for step in plan if step.startswith("SCAN") or (step.startswith("SEARCH") and not step.endswith(")"))]


def test_all_the_statements_are_looked_at() -> None:
    assert len(STATEMENTS) > 40
    assert {"reservations._EXPIRE_DUE", "reservations._FREE", "outbox._CLAIM", "availability._WITHIN"} <= set(STATEMENTS)
    assert set(SCANS) <= set(STATEMENTS)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_each_statement_finds_its_rows_by_an_index(plans: Connection, name: str) -> None:
    plan = plan_of(plans, STATEMENTS[name])

    assert plan
    assert re.fullmatch(SCANS.get(name, ""), " and ".join(scans(plan)))


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("reservations._PROVIDER_CELLS", "USING PRIMARY KEY (kind=? AND subject=? AND cell>? AND cell<?)"),
        ("reservations._CLIENT_CELLS", "USING PRIMARY KEY (kind=? AND subject=? AND cell>? AND cell<?)"),
        ("reservations._OLDEST_OVERDUE", "ix_reservation_due (expires_at<?)"),
        ("reservations._EXPIRE_DUE", "ix_reservation_due (expires_at<?)"),
        ("reservations._NEXT_EXPIRY", "ix_reservation_due"),
        ("reservations._OF_PROVIDER", "ix_reservation_provider_id_end_cell (provider_id=? AND end_cell>?)"),
        ("reservations._OF_CLIENT", "ix_reservation_client_id_end_cell (client_id=? AND end_cell>?)"),
        ("reservations._HOLDS", "ix_reservation_client_id_end_cell (client_id=? AND end_cell>?)"),
        ("availability._WITHIN", "USING PRIMARY KEY (provider_id=? AND end_cell>?)"),
        ("outbox._DUE_NOW", "ix_outbox_due (due_at<?)"),
        ("outbox._BACKLOG", "ix_outbox_due (due_at<?)"),
        ("outbox._POSTPONE", "ix_outbox_waiting (recipient_id=?)"),
        ("outbox._WITHHOLD", "ix_outbox_waiting (recipient_id=?)"),
        ("outbox._RESUME", "ix_outbox_withheld (recipient_id=?)"),
        ("pruning._COMPLETED", "ix_reservation_confirmed (end_cell<?)"),
        ("pruning._OUTBOX", "ix_outbox_settled_at (settled_at<?)"),
    ],
)
def test_the_busiest_statements_use_the_index_that_was_made_for_them(plans: Connection, name: str, index: str) -> None:
    assert any(index in step for step in plan_of(plans, STATEMENTS[name]))


def test_a_statement_without_an_index_would_be_seen(plans: Connection) -> None:
    assert scans(plan_of(plans, select(reservation).where(reservation.c.reason == "x"))) == ["SCAN reservation"]
    assert scans(plan_of(plans, select(busy).where(busy.c.cell == 1)))
