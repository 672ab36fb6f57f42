"""Import contracts cover every module, also new ones, and the domain needs no other library."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "domain", "storage", "simulator", "simulation")
SCREENS = "screens are pure and do not import use cases"


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the dotted name and the syntax tree of each module of a package."""
    for file in sorted((ROOT / package).rglob("*.py")):
        name = file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        yield name.removesuffix(".__init__"), ast.parse(file.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the top-level package of each import, also of those within functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def makes_screens(tree: ast.Module) -> bool:
    """Return whether a plain function returns screens; a coroutine may read the database first."""
    return any(
        isinstance(node, ast.FunctionDef)
        and node.returns
        and re.search(r"\bScreen\b", ast.unparse(node.returns))
        for node in ast.walk(tree)
    )


def pure_modules() -> re.Pattern[str]:
    """Return a pattern of the modules that the contract on screens covers."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    sources = next(each["source_modules"] for each in contracts if each["name"] == SCREENS)
    names = "|".join(re.escape(name).replace(r"\*", r"[^.]+") for name in sources)
    return re.compile(rf"(?:{names})(?:\..+)?")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the import contracts read."""
    for name in PACKAGES:
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.po")
        )
    shutil.copy2(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_domain_imports_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names | {"domain"}
    found = {(name, each) for name, tree in modules("domain") for each in imported(tree)}

    assert ("domain.timespan", "datetime") in found
    assert {(name, each) for name, each in found if each not in allowed} == set()


def test_every_module_that_makes_screens_is_kept_pure() -> None:
    found = {
        name
        for name, tree in modules("bot")
        if makes_screens(tree) or name.endswith(("_screens", ".screens"))
    }
    pure = pure_modules()

    assert "bot.features.booking.moving_screens" in found
    assert {name for name in found if not pure.fullmatch(name)} == set()


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        (
            "bot/features/waitlist/__init__.py",
            "import bot.features.hours.steps",
            "- bot.features.waitlist",
        ),
        ("bot/rss.py", "import bot.app", "- bot.rss"),
        (
            "bot/features/booking/moving_screens.py",
            "import domain.usecases.hold_slot",
            "bot.features.booking.moving_screens is not allowed to import domain.usecases",
        ),
        ("storage/cache.py", "import storage.database", "- storage.cache"),
        (
            "domain/policy.py",
            "import domain.ports",
            "domain.policy is not allowed to import domain.ports",
        ),
        ("domain/operations/archive.py", "import domain.usecases", "- domain.operations.archive"),
    ],
)
def test_a_forbidden_import_or_a_module_in_no_layer_breaks_a_contract(
    project: Path, file: str, line: str, message: str
) -> None:
    (project / file).parent.mkdir(exist_ok=True)
    with (project / file).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")

    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 1
    assert message in " ".join(checked.stdout.split())
