"""Documents agree with the code: settings, commands, files and links."""

import inspect
import re
from datetime import date
from pathlib import Path

import pytest

from bot import __version__
from bot.outbox.rate_limiter import RateLimiter
from bot.settings import Settings
from bot.ui.command_menu import Roles, commands_for
from bot.ui.texts import texts_in
from domain.provider import Acting, Role
from tests.kit.screens import DORA

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "SECURITY.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
GUIDES = [page for page in PAGES if page not in {*DECISIONS, ROOT / "README.md"}]

# Files that the linter's limit for Python does not reach.
LINE_LIMITED = (
    "*.md",
    "docs/**/*.md",
    "docs/*.yaml",
    "simulator/page/*.js",
    "simulator/page/*.css",
    "simulator/page/*.html",
    ".ci/run",
    "deploy/*",
    "compose.yaml",
    "Dockerfile",
    "Makefile",
)

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(
    r"[\w.<>*-]+(?:/[\w.<>*-]+)*\.(?:py|md|po|svg|toml|yaml|txt|in|example)"
    r"|[\w.<>*-]+/(?:[\w.<>*-]+/)*"
)
# Names to avoid, and what exists only once the program has run.
NOT_THERE = {"utils.py", "helpers.py", "const.py", "data/"}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose_of(path: Path) -> str:
    return FENCE.sub("", text_of(path))


def table(page: Path, first_column: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this name, as lists of cells."""
    found = re.search(
        rf"^\| {first_column} \|.*\n\|[-|]+\|\n((?:\|.*\|\n)+)", text_of(page), re.MULTILINE
    )
    assert found, f"{page.name} has no table of {first_column}s"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found[1].splitlines()]


def in_code(cell: str) -> str:
    found = re.fullmatch(r"`([^`]+)`", cell)
    assert found, cell
    return found[1]


def exists(name: str, page: Path) -> bool:
    """Return whether a file exists in the root, beside the page or in a package."""
    pattern = re.sub(r"<\w+>", "*", name.rstrip("/"))
    packages = ("bot", "domain", "storage", "simulator", "simulation", "tests")
    return any(
        any(start.glob(pattern))
        for start in (ROOT, page.parent, *(ROOT / package for package in packages))
    ) or any(any((ROOT / package).rglob(pattern)) for package in packages if "/" not in pattern)


def headings(page: Path) -> set[str]:
    """Return the anchors that a repository browser makes of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def files_in_tree() -> list[str]:
    """Return every path in the tree of the architecture page."""
    section = text_of(ROOT / "docs/architecture.md").split("## The tree\n", maxsplit=1)[1]
    tree = section.split("```\n", maxsplit=2)[1]
    package, paths = "", list[str]()
    for line in tree.splitlines():
        name, *words = line.split()
        path = package + name if line.startswith(" ") else name
        package = package if line.startswith(" ") else name
        folder = path if path.endswith("/") else ""
        mentioned = [word.strip("():;,.") for word in words]
        paths += [path, *(folder + word for word in mentioned if re.fullmatch(r"\w+\.py", word))]
    return paths


def test_the_readme_lists_every_setting_once() -> None:
    listed = [in_code(row[0]) for row in table(ROOT / "README.md", "name")]
    fields = [name.upper() for name in Settings.model_fields]
    assert sorted(listed) == sorted(fields)


def test_the_configuration_page_describes_every_setting_once() -> None:
    described = re.findall(
        r"^### `([A-Z_]+)`$", text_of(ROOT / "docs/configuration.md"), re.MULTILINE
    )
    assert sorted(described) == sorted(name.upper() for name in Settings.model_fields)


def test_the_readme_has_the_real_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    documented = {in_code(name): default for name, _, default in table(ROOT / "README.md", "name")}
    unset = {name for name, default in documented.items() if default == "none"}
    env_file = tmp_path / "documented"
    env_file.write_text(
        "\n".join(
            f"{name}={in_code(documented[name])}" for name in documented if name not in unset
        ),
        encoding="utf-8",
    )

    assert Settings(_env_file=env_file) == Settings(_env_file=None)
    assert unset == {
        name.upper() for name, field in Settings.model_fields.items() if not field.default
    }


def test_the_readme_lists_the_commands_of_each_role() -> None:
    documented = [
        (in_code(name).split()[0], audience)
        for name, audience, _ in table(ROOT / "README.md", "command")
    ]

    def listed(*audiences: str) -> list[str]:
        return [name for name, audience in documented if audience in audiences]

    def menu(*, provider: bool, admin: bool) -> list[str]:
        acting = (Acting(DORA, Role.SELF),) if provider else ()
        return [f"/{name}" for name, _ in commands_for(texts_in("en"), Roles(acting, admin=admin))]

    assert listed("everyone") == menu(provider=False, admin=False)
    assert listed("everyone", "providers") == menu(provider=True, admin=False)
    assert listed("everyone", "admins") == menu(provider=False, admin=True)
    assert len(documented) == len(menu(provider=True, admin=True))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_a_page_names_exists(page: Path) -> None:
    spans = re.findall(r"`([^`\n]+)`", prose_of(page))
    named = {span for span in spans if FILE.fullmatch(span)} - NOT_THERE
    assert [name for name in sorted(named) if not exists(name, page)] == []


def test_every_file_in_the_tree_of_the_architecture_exists() -> None:
    paths = files_in_tree()
    assert {
        "bot/",
        "bot/app.py",
        "bot/features/",
        "bot/features/reservations/card.py",
        "domain/timespan.py",
        "storage/migrations/",
        "simulator/",
    } <= set(paths)
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_within_the_project_resolves(page: Path) -> None:
    prose = prose_of(page)
    targets = [
        *re.findall(r"\]\(([^)\s]+)\)", prose),
        *re.findall(r'\b(?:src|href)="([^"]+)"', prose),
    ]
    broken = []
    for target in (target for target in targets if not re.match(r"https?://", target)):
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        if not file.exists() or (anchor and anchor not in headings(file)):
            broken.append(target)
    assert broken == []


def test_the_architecture_page_is_short() -> None:
    assert len(text_of(ROOT / "docs/architecture.md").splitlines()) <= 150


def test_decisions_are_numbered_and_have_context_decision_and_consequence() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for page in DECISIONS:
        assert text_of(page).startswith(f"# {int(page.name[:4])}. "), page.name
        assert re.findall(r"^## (.+)$", text_of(page), re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequence",
        ], page.name


def front_block(page: Path) -> dict[str, str]:
    """Return status, date and superseded records from the list below a decision's title."""
    block = text_of(page).split("## Context", maxsplit=1)[0]
    return dict(re.findall(r"^- ([A-Z]\w+): (.+)$", block, re.MULTILINE))


def superseded(page: Path) -> list[tuple[str, str]]:
    """Return what a decision supersedes, as numbers, each with " in part" where a part is left."""
    return re.findall(r"(\d{4})( in part)?", front_block(page).get("Supersedes", ""))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name[:4])
def test_a_decision_has_a_status_and_a_date(page: Path) -> None:
    block = front_block(page)
    assert re.fullmatch(r"accepted|superseded (in part )?by \d{4}", block["Status"])
    assert date(2026, 1, 1) < date.fromisoformat(block["Date"])
    assert block.keys() <= {"Status", "Date", "Supersedes"}


def test_decisions_agree_on_what_supersedes_what() -> None:
    newer = {
        f"{old} superseded{part} by {page.name[:4]}"
        for page in DECISIONS
        for old, part in superseded(page)
    }
    older = {
        f"{page.name[:4]} {status}"
        for page in DECISIONS
        if (status := front_block(page)["Status"]) != "accepted"
    }
    assert newer == older


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_a_page_says_first_which_question_it_answers(page: Path) -> None:
    paragraphs = text_of(page).split("\n\n")
    assert paragraphs[0].startswith("# ")
    assert re.match(r"This page answers: [^?]+\?", paragraphs[1])


@pytest.mark.parametrize("pattern", LINE_LIMITED)
def test_no_line_is_longer_than_a_hundred_columns(pattern: str) -> None:
    files = [path for path in ROOT.glob(pattern) if path.is_file()]
    assert files
    assert [
        (path.name, line)
        for path in files
        for line in text_of(path).splitlines()
        if len(line.expandtabs(4)) > 100
    ] == []


def test_the_newest_version_in_the_changelog_is_this_one() -> None:
    versions = re.findall(r"^## \[(\d[^\]]*)\]", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == __version__


def test_every_picture_has_an_alternative_text() -> None:
    pictures = re.findall(r"<img [^>]*>", "".join(map(text_of, PAGES)))
    assert pictures
    assert [picture for picture in pictures if not re.search(r"alt=\"[^\"]{40,}\"", picture)] == []


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/operations.md",
        "docs/reliability.md",
        "docs/decisions/0009-outbox-rules-one-alarm.md",
    ],
)
def test_the_documents_say_how_many_messages_a_crash_can_repeat(page: str) -> None:
    in_flight = inspect.signature(RateLimiter).parameters["per_second"].default
    text = " ".join(text_of(ROOT / page).split())

    assert re.search(rf"at most {in_flight}\b", text)
    assert "each message that was on its way" in text.lower()
    assert not re.search(r"(one|a) message (that was on its way )?(comes|may come) twice", text)
