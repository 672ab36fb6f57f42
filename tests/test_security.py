"""The promises of SECURITY.md about the code itself, and that the tests it names exist."""

import ast
import base64
import inspect
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.invitation import new_code

ROOT = Path(__file__).parents[1]
PRODUCT = ("bot", "domain", "storage", "simulator")
SQL_METHODS = {
    "text",
    "execute",
    "executemany",
    "executescript",
    "exec_driver_sql",
    "fetch",
    "fetchrow",
    "fetchval",
    "scalar",
    "scalars",
}
# SQL that is built, from names in the same module and nothing that a person wrote.
BUILT_SQL = {
    ("storage/engine/sqlite_direct.py", "f'PRAGMA {pragma}'"),
    ("storage/maintenance/integrity.py", "pragma"),
}


def sources(*packages: str) -> Iterator[tuple[str, str]]:
    for file in sorted(path for package in packages for path in (ROOT / package).rglob("*.py")):
        yield file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")


UNSAFE = 'QUERY = f"SELECT * FROM client WHERE name = {input()}"\n'


def is_literal(statement: ast.expr) -> bool:
    """Return whether an SQL text is a literal."""
    if isinstance(statement, ast.IfExp):
        return is_literal(statement.body) and is_literal(statement.orelse)
    return isinstance(statement, ast.Constant)


def built_sql(source: str) -> Iterator[str]:
    """Yield SQL arguments that are not literals."""
    for call in (
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args
    ):
        called = (
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        )
        if called in SQL_METHODS and is_built(
            call.args[0], always=called in {"text", "exec_driver_sql"}
        ):
            yield ast.unparse(call.args[0])


def is_built(statement: ast.expr, *, always: bool) -> bool:
    """Return whether an argument is a built text; ``always`` if it can only be a text."""
    if isinstance(statement, ast.Call):
        return isinstance(statement.func, ast.Attribute) and statement.func.attr in {
            "format",
            "join",
            "replace",
        }
    return not is_literal(statement) and (
        always or isinstance(statement, ast.JoinedStr | ast.BinOp)
    )


def test_sql_is_literal_or_built_from_our_own_names() -> None:
    assert {
        (name, sql) for name, source in sources("storage") for sql in built_sql(source)
    } == BUILT_SQL


@pytest.mark.parametrize(
    "call",
    [
        'text(f"SELECT {name}")',
        'c.execute("SELECT " + name)',
        'c.exec_driver_sql("a".format(b))',
        "text(sql)",
    ],
)
def test_built_sql_would_be_found(call: str) -> None:
    assert len(list(built_sql(call))) == 1


def test_ruff_checks_all_packages_for_built_sql() -> None:
    lint = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--stdin-filename",
        "storage/some.py",
        "-",
    ]
    output = subprocess.run(
        lint, input=UNSAFE, cwd=ROOT, check=False, capture_output=True, text=True
    )
    exceptions = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "ruff"
    ]["lint"]["per-file-ignores"]

    assert "S608" in output.stdout
    assert {path for path, rules in exceptions.items() if "S608" in rules} == {
        "tests/**",
        "benchmarks/**",
    }
    assert not [name for name, source in sources(*PRODUCT) if re.search("noqa.*S608", source)]


def test_an_invitation_code_has_128_random_bits() -> None:
    codes = [base64.urlsafe_b64decode(new_code() + "==") for _ in range(1000)]
    numbers = [int.from_bytes(code) for code in codes]

    assert {len(code) * 8 for code in codes} == {128}
    assert all(300 < sum(number >> bit & 1 for number in numbers) < 700 for bit in range(128))
    assert "secrets.token_" in inspect.getsource(new_code)


def test_each_test_that_the_page_names_exists() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    files, names = re.findall(r"`(tests/[\w/.]+)`", page), re.findall(r"`(test_\w+)`", page)

    assert files
    assert [name for name in files if not (ROOT / name).exists()] == []
    assert [
        name
        for name in names
        if not any(f"def {name}(" in source for _, source in sources("tests"))
    ] == []


AUDIT: dict[str, Callable[[Any], int]] = runpy.run_path(str(ROOT / ".ci/audit.py"))
CLEAN = {"name": "kept", "version": "1", "vulns": []}
FLAWED = {"name": "broken", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("found", "status", "expected"),
    [
        ([CLEAN], 0, "1 packages looked up, 0 vulnerabilities known. Not looked up: none."),
        (
            [CLEAN, UNKNOWN],
            0,
            "1 packages looked up, 0 vulnerabilities known. Not looked up: unknown.",
        ),
        ([CLEAN, FLAWED], 1, "broken 2: CVE-1, fixed in 3"),
        ([UNKNOWN], 0, "Skipped: the service knows none of the 1 packages"),
    ],
)
def test_the_audit_fails_for_known_vulnerabilities_and_lists_unknown_packages(
    capsys: pytest.CaptureFixture[str], found: list[dict[str, Any]], status: int, expected: str
) -> None:
    assert AUDIT["report"](found) == status
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status"),
    [("requests.exceptions.ConnectionError: no route", 0), ("a hash is missing", 1), ("", 1)],
)
def test_the_audit_is_skipped_only_if_no_service_is_reachable(error: str, status: int) -> None:
    assert AUDIT["report_failure"](error) == status
