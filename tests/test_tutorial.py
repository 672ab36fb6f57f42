"""The tutorial's code, applied to a copy of the project, passes the commands of the page."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
COPIED = ("bot", "domain", "storage", "simulator", "simulation", "tests")
FILES = ("pyproject.toml", "README.md")
# A type check of one's own has usually filled it.
TYPE_CACHE = ".mypy_cache"


def blocks(page: str, *languages: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the text of each fenced block in one of these languages."""
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        if language in languages:
            yield language, text


def apply(block: str, language: str, project: Path) -> None:
    """Make the change of a block, whose first line names the file."""
    head, _, text = block.partition("\n")
    name = head.removeprefix("# ")
    file = project / name
    assert file.exists() == (language != "python"), name
    if language == "python":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    elif language == "po":
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")
    else:
        for hunk in text.split("@@\n"):
            patch(file, hunk.splitlines())


def patch(file: Path, hunk: list[str]) -> None:
    """Replace the lines of a hunk, which must be in the file exactly once."""
    old, new = ("".join(f"{line[1:]}\n" for line in hunk if line[0] in f" {sign}") for sign in "-+")
    before = file.read_text(encoding="utf-8")
    assert before.count(old) == 1, f"{file.name} does not have once:\n{old}"
    file.write_text(before.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the changes of the page."""
    copy = tmp_path_factory.mktemp("tutorial")
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name)
    for name in FILES:
        shutil.copy2(ROOT / name, copy / name)
    if (ROOT / TYPE_CACHE).exists():
        shutil.copytree(ROOT / TYPE_CACHE, copy / TYPE_CACHE)
    for language, text in blocks(PAGE.read_text(encoding="utf-8"), "python", "po", "diff"):
        apply(text, language, copy)
    return copy


def commands() -> list[str]:
    """Return the commands of the page."""
    shown = "".join(text for _, text in blocks(PAGE.read_text(encoding="utf-8"), "console"))
    return re.findall(r"^\$ \.venv/bin/(.*)$", shown.replace("\\\n", " "), re.MULTILINE)


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.split(" -k ")[0])
def test_the_commands_of_the_page_succeed(project: Path, command: str) -> None:
    program, *arguments = shlex.split(command)
    # The outer run's variables would make the inner one a worker of it.
    environment = {name: os.environ[name] for name in os.environ if "PYTEST" not in name}
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
