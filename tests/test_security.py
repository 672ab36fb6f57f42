"""What SECURITY.md promises of the code itself; each promise about what runs is held by the tests that it names."""

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
ASKING = {
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
# What is put together, and of what: names that stand in the same module, and nothing that comes from a person.
PUT_TOGETHER = {
    ("storage/database.py", "f'PRAGMA {pragma}'"),
    ("storage/maintenance/integrity.py", "pragma"),
}


def sources(*packages: str) -> Iterator[tuple[str, str]]:
    for file in sorted(path for package in packages for path in (ROOT / package).rglob("*.py")):
        yield file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")


UNSAFE = 'QUERY = f"SELECT * FROM client WHERE name = {input()}"\n'


def is_written_out(statement: ast.expr) -> bool:
    """Tell whether an SQL text stands in the code to its last letter."""
    if isinstance(statement, ast.IfExp):
        return is_written_out(statement.body) and is_written_out(statement.orelse)
    return isinstance(statement, ast.Constant)


def sql_put_together(source: str) -> Iterator[str]:
    """Yield what is handed over as SQL and is no constant: texts that are built, and whatever ``text`` is given."""
    for call in (
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args
    ):
        called = (
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        )
        if called in ASKING and is_text(call.args[0], always=called in {"text", "exec_driver_sql"}):
            yield ast.unparse(call.args[0])


def is_text(statement: ast.expr, *, always: bool) -> bool:
    """Tell whether what is handed over is a text that is put together; ``always`` where it can be nothing but a text."""
    if isinstance(statement, ast.Call):
        return isinstance(statement.func, ast.Attribute) and statement.func.attr in {
            "format",
            "join",
            "replace",
        }
    return not is_written_out(statement) and (
        always or isinstance(statement, ast.JoinedStr | ast.BinOp)
    )


def test_sql_is_written_out_or_made_of_our_own_names() -> None:
    assert {
        (name, sql) for name, source in sources("storage") for sql in sql_put_together(source)
    } == PUT_TOGETHER


@pytest.mark.parametrize(
    "call",
    [
        'text(f"SELECT {name}")',
        'c.execute("SELECT " + name)',
        'c.exec_driver_sql("a".format(b))',
        "text(sql)",
    ],
)
def test_sql_that_is_put_together_would_be_seen(call: str) -> None:
    assert len(list(sql_put_together(call))) == 1


def test_ruff_looks_for_sql_that_is_put_together_wherever_the_product_is() -> None:
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
    seen = subprocess.run(lint, input=UNSAFE, cwd=ROOT, check=False, capture_output=True, text=True)
    exceptions = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "ruff"
    ]["lint"]["per-file-ignores"]

    assert "S608" in seen.stdout
    assert {where for where, rules in exceptions.items() if "S608" in rules} == {
        "tests/**",
        "benchmarks/**",
    }
    assert not [name for name, source in sources(*PRODUCT) if re.search("noqa.*S608", source)]


def test_an_invitation_code_is_128_bits_that_nobody_can_foresee() -> None:
    codes = [base64.urlsafe_b64decode(new_code() + "==") for _ in range(1000)]
    numbers = [int.from_bytes(code) for code in codes]

    assert {len(code) * 8 for code in codes} == {128}
    assert all(300 < sum(number >> bit & 1 for number in numbers) < 700 for bit in range(128))
    assert "secrets.token_" in inspect.getsource(new_code)


def test_each_test_that_the_page_names_is_there() -> None:
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
UNKNOWN = {"name": "unheard", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        ([CLEAN], 0, "1 packages looked up, 0 vulnerabilities known. Not looked up: none."),
        (
            [CLEAN, UNKNOWN],
            0,
            "1 packages looked up, 0 vulnerabilities known. Not looked up: unheard.",
        ),
        ([CLEAN, FLAWED], 1, "broken 2: CVE-1, mended in 3"),
        ([UNKNOWN], 0, "Skipped: the service that was asked knows none of the 1 packages"),
    ],
)
def test_the_audit_fails_for_what_is_known_and_tells_what_nobody_knows(
    capsys: pytest.CaptureFixture[str], found: list[dict[str, Any]], status: int, said: str
) -> None:
    assert AUDIT["told"](found) == status
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status"),
    [("requests.exceptions.ConnectionError: no route", 0), ("a hash is missing", 1), ("", 1)],
)
def test_the_audit_is_skipped_where_nobody_can_be_asked_and_only_there(
    error: str, status: int
) -> None:
    assert AUDIT["unanswered"](error) == status
