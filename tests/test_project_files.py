"""Development files agree with the code: requirements, examples, changelog, Makefile, image."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from bot import __version__
from bot.settings import Settings

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
PACKAGES = ("bot", "domain", "storage", "simulator", "simulation")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    return dict(
        re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", text_of(name), re.MULTILINE)
    )


def make(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Variables of an outer make would change the output of this one.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare_copy(tmp_path: Path) -> Path:
    for name in ("Makefile", *LOCKS):
        (tmp_path / name).write_text(text_of(name), encoding="utf-8")
    return tmp_path


def interpreter(directory: Path, script: str) -> str:
    path = directory / "some-python"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return f"PYTHON={path}"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_has_pins_with_hashes_and_no_source(name: str) -> None:
    logical_lines = re.sub(r"\\\n", " ", text_of(name)).splitlines()
    requirements = [line for line in logical_lines if line and not line.lstrip().startswith("#")]
    assert requirements
    for line in requirements:
        assert re.fullmatch(
            r"[a-z0-9-]+(\[[a-z,]+\])?==[\w.+!]+( ; [^@#/]+?)?( +--hash=sha256:[0-9a-f]{64})+ *",
            line,
        ), line


@pytest.mark.parametrize("name", [*LOCKS, "requirements-dev.in", "requirements-lock.in"])
def test_a_requirement_file_names_no_index_host_or_path(name: str) -> None:
    assert (
        re.findall(
            r".*(?:://|index-url|find-links|trusted-host|file:|(?:^|\s)/\w).*", text_of(name)
        )
        == []
    )


def test_the_development_lock_contains_the_runtime_lock() -> None:
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_every_declared_dependency_is_locked() -> None:
    declared = tomllib.loads(text_of("pyproject.toml"))["project"]["dependencies"]
    names = {re.split(r"[\[<>=~!; ]", each, maxsplit=1)[0] for each in declared}
    assert names <= set(pins("requirements.txt"))


def test_the_example_environment_has_every_setting_once_with_a_comment() -> None:
    blocks = [block.splitlines() for block in text_of(".env.example").split("\n\n")[1:]]
    settings = [re.fullmatch(r"(?:# )?([A-Z_]+)=.*", block[-1]) for block in blocks]
    assert sorted(setting[1] for setting in settings if setting) == sorted(
        name.upper() for name in Settings.model_fields
    )
    assert all(len(block) == 2 and re.fullmatch(r"# [A-Z].+\.", block[0]) for block in blocks)


def test_the_example_environment_has_the_real_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    shown = re.findall(r"^(?:# )?([A-Z_]+=.*)$", text_of(".env.example"), re.MULTILINE)
    example = tmp_path / "example"
    example.write_text("\n".join(shown), encoding="utf-8")
    assert len(shown) == len(Settings.model_fields)
    assert Settings(_env_file=example) == Settings(_env_file=None)


def test_the_changelog_has_this_version() -> None:
    assert re.search(
        rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d$",
        text_of("CHANGELOG.md"),
        re.MULTILINE,
    )


def test_the_image_contains_every_package() -> None:
    assert re.findall(r"^COPY (\w+) \1$", text_of("Dockerfile"), re.MULTILINE) == list(PACKAGES)
    assert re.findall(r"^!(\w+)$", text_of(".dockerignore"), re.MULTILINE) == list(PACKAGES)


def test_no_module_has_a_vague_name() -> None:
    vague = {
        "utils.py",
        "util.py",
        "helpers.py",
        "const.py",
        "constants.py",
        "common.py",
        "misc.py",
    }
    assert [
        path
        for package in (*PACKAGES, "tests")
        for path in (ROOT / package).rglob("*.py")
        if path.name in vague
    ] == []


def test_make_without_a_target_lists_the_targets(bare_copy: Path) -> None:
    shown = make(bare_copy)
    assert shown.returncode == 0
    targets = re.findall(r"^  make (\w+) +[A-Z]", shown.stdout, re.MULTILINE)
    assert targets == [
        "help",
        "run",
        "test",
        "simulate",
        "chaos",
        "faults",
        "soak",
        "lint",
        "audit",
        "format",
        "bench",
        "screenshots",
        "preview",
        "lock",
    ]


def test_make_rejects_an_older_python_in_one_sentence(bare_copy: Path) -> None:
    refused = make(bare_copy, "run", interpreter(bare_copy, "exit 1"))
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0].startswith("Slotkeeper needs Python 3.11 or newer, and ")
    assert not (bare_copy / ".venv").exists()


def test_make_says_how_to_get_a_missing_venv_module(bare_copy: Path) -> None:
    refused = make(
        bare_copy, "run", interpreter(bare_copy, 'case "$2" in *ensurepip*) exit 1;; esac')
    )
    assert refused.returncode == 2
    assert "apt install python3-venv" in refused.stderr.splitlines()[0]
    assert not (bare_copy / ".venv").exists()


def test_the_pictures_in_the_documents_are_small() -> None:
    pictures = list((ROOT / "docs" / "pictures").iterdir())
    assert len(pictures) > 1
    assert [path.name for path in pictures if path.stat().st_size >= 300_000] == []


def test_the_ci_script_is_executable_and_parses() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0
