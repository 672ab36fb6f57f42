"""Every statement that storage builds uses an index, by the query plans of both databases."""

import importlib
import json
import pkgutil
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BindParameter,
    CompoundSelect,
    Connection,
    Delete,
    Dialect,
    Insert,
    Select,
    String,
    Update,
    create_engine,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import TypeEngine

import storage
from storage.tables import busy, reservation
from storage.types import Instant
from tests.kit.clinic import NOW
from tests.kit.postgres import database_copy, execute, fetch
from tests.kit.raw_database import literal
from tests.storage.large_database import fill_large_database

POSTGRESQL: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
Statement = (
    Select[*tuple[object, ...]] | CompoundSelect[*tuple[object, ...]] | Update | Delete | Insert
)


# Calls a PostgreSQL function and reads no table.
WITHOUT_TABLES = {"outbox._NOTIFY_REPLICAS"}


def reads(value: object) -> bool:
    return isinstance(value, Select | CompoundSelect | Update | Delete) or (
        isinstance(value, Insert) and value.select is not None
    )


def statements() -> Iterator[tuple[str, Statement]]:
    for module in pkgutil.walk_packages(storage.__path__, "storage."):
        if ".migrations" not in module.name:
            *_, short = module.name.split(".")
            for name, value in vars(importlib.import_module(module.name)).items():
                if reads(value) and f"{short}.{name}" not in WITHOUT_TABLES:
                    yield f"{short}.{name}", value


STATEMENTS = dict(statements())

OVERLAPS = [f"integrity._OVERLAPS_OF_{subject}" for subject in ("PROVIDERS", "CLIENTS")]
INTEGRITY = [
    *("integrity._LAST_ERROR", "integrity._SET_ASIDE", "integrity._UNREACHABLE"),
    *("integrity._STRAY", "integrity._LACKING", "integrity._UNMERGED", "integrity._ODD_LEASES"),
]
# Statements that read a whole table or index, and why they may.
SCANS = {
    # The part may occur anywhere in a name, so the search reads the names in index order.
    "sql_queries._FIND": r"SCAN provider USING INDEX ix_provider_name_key_id",
    # The same names are counted, for the number of pages.
    "sql_queries._COUNT": r"SCAN provider",
    # An admin's choice of an assistant to remove: one row for each person and provider.
    **dict.fromkeys(["sql_queries._ASSISTANTS", "sql_queries._COUNT_ASSISTANTS"], "SCAN acts_for"),
    # The index of admins, who are few.
    "sql_queries._ADMINS": r"SCAN person USING INDEX ix_person_admin",
    # Invitations are few, and made by hand.
    "invitations._WITHDRAW": r"SCAN invitation",
    "invitations._WITHDRAW_PRINTED": r"SCAN invitation",
    # Failed updates are few, and are deleted once a night.
    "retention._FAILURES": r"SCAN failed_update",
    # There are five kinds of incidents, with one row each.
    "incidents._UNREPORTED": r"SCAN incident USING COVERING INDEX sqlite_autoindex_incident_1",
    "incidents._TAKE": r"SCAN incident",
    "retention._INCIDENTS": r"SCAN incident",
    # Reads up to 2,000 entries of an index of waiting rows only.
    "outbox._NEXT_CLAIMABLE": r"SCAN outbox USING INDEX ix_outbox_due and SEARCH anon_1",
    # A subquery with one row, about what waits for the recipient.
    "outbox._REPLY": r"SCAN anon_\d+",
    # The last entry of each index is the newest.
    "integrity._NEWEST": r"SEARCH processed_update USING COVERING INDEX \w+"
    r" and SEARCH outbox USING COVERING INDEX \w+",
    # The index of waiting rows, once at the start.
    **dict.fromkeys(
        ["outbox._HOLDERS", "outbox._RELEASE", "outbox._RELEASE_UNKNOWN"],
        r"(SCAN|SEARCH) outbox USING INDEX ix_outbox_(due|waiting)",
    ),
    # The same index, at the start and after the clock was set back.
    "outbox._RECALL": r"SCAN outbox USING INDEX ix_outbox_(due|waiting)",
    # Reads only the rows of the CTE, which uses an index.
    **dict.fromkeys(
        ["outbox._CLAIM_NOTIFICATIONS", "outbox._CLAIM_REPLIES", "reservations._EXPIRE_DUE"],
        "SCAN chosen",
    ),
    # The integrity check reads everything that is live or rare, and runs only on request.
    **dict.fromkeys([*INTEGRITY, *OVERLAPS], r"SCAN .*"),
    # The minimum of an index is its first entry.
    "reservations._NEXT_EXPIRY": r"SEARCH reservation USING (COVERING )?INDEX ix_reservation_due",
}
# The same for PostgreSQL, whether or not its planner may scan tables.
SCANS_ON_POSTGRES = {
    "integrity._NEWEST": r"Index Only Scan on processed_update by \w+",
    "sql_queries._FIND": r"Index Scan on provider by ix_provider_name_key_id|Seq Scan on provider",
    "sql_queries._COUNT": r"Seq Scan on provider",
    **dict.fromkeys(
        ["sql_queries._ASSISTANTS", "sql_queries._COUNT_ASSISTANTS"],
        r"Seq Scan on acts_for|Index Scan on acts_for by ix_acts_for_provider_id",
    ),
    "sql_queries._ADMINS": r"(Bitmap )?Index Scan (on person )?by ix_person_admin",
    "invitations._WITHDRAW": r"Seq Scan on invitation",
    "invitations._WITHDRAW_PRINTED": r"Seq Scan on invitation",
    "retention._FAILURES": r"Seq Scan on failed_update",
    # Failed updates are few.
    "health._DELETE": r"(Seq Scan on failed_update)?",
    "outbox._NEXT_CLAIMABLE": r"Index Scan on outbox by ix_outbox_due",
    **dict.fromkeys(
        ["outbox._HOLDERS", "outbox._RELEASE", "outbox._RELEASE_UNKNOWN"],
        r"(Bitmap )?Index Scan (on outbox )?by ix_outbox_(due|waiting|withheld)",
    ),
    # After the clock was set back: due rows, and rows that wait for Telegram's ``retry_after``.
    **dict.fromkeys(
        ["outbox._RECALL", "outbox._SHIFTED"],
        r"(Bitmap )?Index Scan (on outbox )?by ix_outbox_(due|waiting)"
        r"( and (Bitmap )?Index Scan (on outbox )?by ix_outbox_(due|waiting))*",
    ),
    **dict.fromkeys(INTEGRITY, r".*Scan .*"),
    # There is one row for each kind of incident.
    "incidents._UNREPORTED": r"(Seq Scan on digest and )?"
    r"(Seq Scan on incident|Index Only Scan on incident by pk_incident)",
    "incidents._TAKE": r"Seq Scan on incident",
    "retention._INCIDENTS": r"Seq Scan on incident",
    # Most outbox rows are settled, so an index helps only to order them.
    "integrity._PARKED": r"(Seq Scan on outbox)?",
    **dict.fromkeys(OVERLAPS, r"Bitmap Index Scan by ix_reservation_confirmed"),
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
    return [
        row[3]
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", (1,) * text.count("?"))
    ]


def scans(plan: list[str]) -> list[str]:
    """Return the plan's full scans; a search without a condition is one, except for a minimum."""
    return [
        step
        for step in plan
        if step.startswith("SCAN") or (step.startswith("SEARCH") and not step.endswith(")"))
    ]


@pytest.fixture(scope="module")
def grown_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The URL of a database with thousands of rows in most tables, and planner statistics."""
    with database_copy(postgres_server, postgres_template, f"{postgres_template}_grown") as url:
        fill_large_database(url, literal(url, NOW))
        yield url


@pytest.fixture(params=["on", "off"])
def table_scans(request: pytest.FixtureRequest, grown_url: str) -> Iterator[None]:
    """Let the planner choose freely, then make it avoid table scans where an index can serve."""
    execute(grown_url, f"SET enable_seqscan = {request.param}")
    yield
    execute(grown_url, "RESET enable_seqscan")


def sample(bind: BindParameter[Any]) -> object:
    """Return a possible value of a parameter."""
    kinds: dict[type[TypeEngine[Any]], object] = {Instant: NOW, JSON: "{}", String: "x"}
    value = next(
        (value for kind, value in kinds.items() if isinstance(bind.type, kind)),
        "x" if bind.key == "part" else 1,
    )
    return [value] * 2 if bind.expanding else value


def nodes_of(url: str, statement: Statement) -> list[dict[str, str]]:
    """Return the nodes of PostgreSQL's plan that read a table or an index."""
    compiled = statement.compile(dialect=POSTGRESQL)
    state = compiled.construct_expanded_state(
        {name: sample(bind) for name, bind in compiled.binds.items()}
    )
    values = [state.parameters[name] for name in state.positiontup or ()]
    [(plan,)] = fetch(url, f"EXPLAIN (FORMAT JSON) {state.statement}", *values)

    def within(node: dict[str, Any]) -> Iterator[dict[str, str]]:
        yield node
        for part in node.get("Plans", ()):
            yield from within(part)

    return [
        node
        for node in within(json.loads(plan)[0]["Plan"])
        if "Relation Name" in node or "Index Name" in node
    ]


def full_scans(nodes: list[dict[str, str]]) -> list[str]:
    """Return the nodes that read a whole table or index."""
    return [
        node["Node Type"]
        + "".join(
            f" {word} {node[name]}"
            for word, name in (("on", "Relation Name"), ("by", "Index Name"))
            if name in node
        )
        for node in nodes
        if "Index Cond" not in node
        and node["Node Type"] not in {"Bitmap Heap Scan", "ModifyTable", "LockRows"}
    ]


def test_all_statements_are_collected() -> None:
    assert len(STATEMENTS) > 40
    assert {
        "reservations._EXPIRE_DUE",
        "reservations._FREE_CELLS",
        "outbox._CLAIM_NOTIFICATIONS",
        "sql_queries._OPEN_HOURS",
    } <= set(STATEMENTS)
    assert set(SCANS) | set(SCANS_ON_POSTGRES) <= set(STATEMENTS)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_each_statement_uses_an_index_on_sqlite(plans: Connection, name: str) -> None:
    plan = plan_of(plans, STATEMENTS[name])

    assert plan
    assert re.fullmatch(SCANS.get(name, ""), " and ".join(scans(plan)))


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_each_statement_uses_an_index_on_postgresql(
    grown_url: str, table_scans: None, name: str
) -> None:
    nodes = nodes_of(grown_url, STATEMENTS[name])

    assert nodes
    assert re.fullmatch(SCANS_ON_POSTGRES.get(name, ""), " and ".join(full_scans(nodes)))


@pytest.mark.parametrize(
    ("name", "index"),
    [
        (
            "sql_queries._TAKEN_CELLS",
            "USING PRIMARY KEY (kind=? AND subject=? AND cell>? AND cell<?)",
        ),
        (
            "sql_queries._CLIENT_CELLS",
            "USING PRIMARY KEY (kind=? AND subject=? AND cell>? AND cell<?)",
        ),
        ("reservations._OLDEST_OVERDUE", "ix_reservation_due (expires_at<?)"),
        ("reservations._EXPIRE_DUE", "ix_reservation_due (expires_at<?)"),
        ("reservations._NEXT_EXPIRY", "ix_reservation_due"),
        (
            "sql_queries.AGENDA",
            "ix_reservation_provider_id_end_cell (provider_id=? AND end_cell>?)",
        ),
        (
            "sql_queries._BOOKINGS",
            "ix_reservation_client_id_end_cell (client_id=? AND end_cell>?)",
        ),
        ("sql_queries._HOLDS", "ix_reservation_client_id_end_cell (client_id=? AND end_cell>?)"),
        ("sql_queries._OPEN_HOURS", "USING PRIMARY KEY (provider_id=? AND end_cell>?)"),
        ("outbox._CLAIM_NOTIFICATIONS", "ix_outbox_notifications (due_at<?)"),
        ("outbox._CLAIM_REPLIES", "ix_outbox_replies (due_at<?)"),
        ("outbox._BACKLOG", "ix_outbox_due (due_at<?)"),
        (
            "outbox._CLAIM_NOTIFICATIONS",
            "SEARCH ahead USING INDEX ix_outbox_waiting (chat_id=?)",
        ),
        ("outbox._NEXT_CLAIMABLE", "SEARCH ahead USING INDEX ix_outbox_waiting (chat_id=?)"),
        ("outbox._POSTPONE", "ix_outbox_waiting (chat_id=?)"),
        ("outbox._WITHHOLD", "ix_outbox_waiting (chat_id=?)"),
        ("outbox._RESUME_LATER", "ix_outbox_withheld (chat_id=?)"),
        ("outbox._WITHHELD_ROWS", "ix_outbox_withheld (chat_id=?)"),
        ("outbox._ALL_WITHHELD", "ix_outbox_withheld (chat_id=?)"),
        ("sql_queries._DELIVERY", "ix_outbox_subject (subject_id=? AND subject_kind=?)"),
        ("sql_queries._ACCOUNT", "sqlite_autoindex_person_1 (telegram_id=?)"),
        ("sql_queries._STAFF", "ix_acts_for_provider_id (provider_id=?)"),
        ("sql_queries._REACHABLE_STAFF", "ix_acts_for_provider_id (provider_id=?)"),
        ("sql_queries._WITHOUT_ACCOUNT", "SEARCH acts_for USING PRIMARY KEY (person_id=?)"),
        ("sql_queries._WITHOUT_ACCOUNT", "uq_acts_for_self (provider_id=?)"),
        ("sql_queries._ACTING_FOR", "SEARCH acts_for USING PRIMARY KEY (person_id=?)"),
        (
            "sql_queries._ACTOR",
            "SEARCH history USING PRIMARY KEY (reservation_id=? AND revision=?)",
        ),
        ("sql_queries._GUESTS", "ix_person_guest_of (guest_of=?)"),
        ("sql_queries._ADMINS", "ix_person_admin"),
        ("cards._SHOWN_ON", "ix_card_chat_id_message_id (chat_id=? AND message_id=?)"),
        ("processed_updates._NEWEST_LINE", "ix_processed_update_line (chat_id=?)"),
        ("processed_updates._VERSIONS", "ix_processed_update_line (chat_id=? AND line=?)"),
        ("retention._COMPLETED", "ix_reservation_confirmed (end_cell<?)"),
        ("retention._OUTBOX", "ix_outbox_settled_at (settled_at<?)"),
    ],
)
def test_frequent_statements_use_the_index_made_for_them(
    plans: Connection, name: str, index: str
) -> None:
    assert any(index in step for step in plan_of(plans, STATEMENTS[name]))


@pytest.mark.parametrize(
    ("name", "index", "columns"),
    [
        ("sql_queries._TAKEN_CELLS", "pk_busy", ("kind =", "subject =", "cell >=", "cell <")),
        ("sql_queries._CLIENT_CELLS", "pk_busy", ("kind =", "subject =", "cell >=", "cell <")),
        ("reservations._OLDEST_OVERDUE", "ix_reservation_due", ("expires_at <=",)),
        ("reservations._EXPIRE_DUE", "ix_reservation_due", ("expires_at <=",)),
        ("reservations._EXPIRE_BLOCKING", "pk_busy", ("kind =", "subject =", "cell >=", "cell <")),
        ("reservations._NEXT_EXPIRY", "ix_reservation_due", ()),
        (
            "sql_queries.AGENDA",
            "ix_reservation_provider_id_end_cell",
            ("provider_id =", "end_cell >"),
        ),
        (
            "sql_queries._BOOKINGS",
            "ix_reservation_client_id_end_cell",
            ("client_id =", "end_cell >"),
        ),
        ("sql_queries._HOLDS", "ix_reservation_client_id_end_cell", ("client_id =", "end_cell >")),
        ("sql_queries._OPEN_HOURS", "pk_availability", ("provider_id =", "end_cell >")),
        ("outbox._CLAIM_NOTIFICATIONS", "ix_outbox_notifications", ("due_at <=",)),
        (
            "outbox._CLAIM_NOTIFICATIONS",
            "ix_outbox_waiting",
            ("chat_id = outbox_1.chat_id",),
        ),
        ("outbox._NEXT_CLAIMABLE", "ix_outbox_waiting", ("chat_id = outbox.chat_id",)),
        ("outbox._POSTPONE", "ix_outbox_waiting", ("chat_id =",)),
        ("outbox._WITHHOLD", "ix_outbox_waiting", ("chat_id =",)),
        ("outbox._RESUME_LATER", "ix_outbox_withheld", ("chat_id =",)),
        ("outbox._WITHHELD_ROWS", "ix_outbox_withheld", ("chat_id =",)),
        ("sql_queries._DELIVERY", "ix_outbox_subject", ("subject_id =", "subject_kind")),
        ("sql_queries._ACCOUNT", "uq_person_telegram_id", ("telegram_id =",)),
        ("sql_queries._STAFF", "ix_acts_for_provider_id", ("provider_id =",)),
        ("sql_queries._REACHABLE_STAFF", "ix_acts_for_provider_id", ("provider_id =",)),
        ("sql_queries._ACTING_FOR", "pk_acts_for", ("person_id =",)),
        ("sql_queries._ACTOR", "pk_history", ("reservation_id =", "revision =")),
        ("sql_queries._GUESTS", "ix_person_guest_of", ("guest_of =",)),
        ("cards._SHOWN_ON", "ix_card_chat_id_message_id", ("chat_id =", "message_id =")),
        ("processed_updates._NEWEST_LINE", "ix_processed_update_line", ("chat_id =",)),
        ("processed_updates._VERSIONS", "ix_processed_update_line", ("chat_id =", "line =")),
        ("retention._COMPLETED", "ix_reservation_confirmed", ("end_cell <=",)),
        ("retention._OUTBOX", "ix_outbox_settled_at", ("settled_at <",)),
    ],
)
def test_postgresql_chooses_the_index_made_for_each_frequent_statement(
    grown_url: str, name: str, index: str, columns: tuple[str, ...]
) -> None:
    conditions = [
        node.get("Index Cond", "")
        for node in nodes_of(grown_url, STATEMENTS[name])
        if node.get("Index Name") == index
    ]

    assert any(all(column in condition for column in columns) for condition in conditions)


def test_a_full_scan_is_detected_on_postgresql(grown_url: str, table_scans: None) -> None:
    assert full_scans(
        nodes_of(grown_url, select(reservation).where(reservation.c.reason == "x"))
    ) == ["Seq Scan on reservation"]
    assert full_scans(nodes_of(grown_url, select(busy).where(busy.c.reservation_id != 1)))


def test_a_full_scan_is_detected_on_sqlite(plans: Connection) -> None:
    assert scans(plan_of(plans, select(reservation).where(reservation.c.reason == "x"))) == [
        "SCAN reservation"
    ]
    assert scans(plan_of(plans, select(busy).where(busy.c.cell == 1)))
