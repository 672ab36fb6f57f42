"""Tests that share something expensive run in one worker."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.collection import GROUPS, group_of

ROOT = Path(__file__).parent.parent
TESTS = """
import pytest

@pytest.mark.parametrize("number", range(12))
def test_page(number):
    pass
"""


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_names_tests_that_exist(group: str) -> None:
    assert (ROOT / group).exists()


def test_other_tests_are_groups_of_their_own() -> None:
    assert group_of("tests/browser/test_page.py::test_one[1]") == "tests/browser/"
    assert group_of("tests/domain/test_one.py::test[1]") == "tests/domain/test_one.py::test[1]"


def test_a_group_runs_in_one_worker(tmp_path: Path) -> None:
    file = tmp_path / "tests" / "browser" / "test_page.py"
    file.parent.mkdir(parents=True)
    file.write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    # The variables of this run would make the inner one a worker of it.
    environment = {name: os.environ[name] for name in os.environ if "PYTEST" not in name}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = ["-p", "xdist.plugin", "-p", "tests.kit.collection", "-v", "-n", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--dist", "loadgroup"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    workers = re.findall(r"^\[(gw\d)\].*PASSED", done.stdout, re.MULTILINE)
    assert len(workers) == 12, done.stdout + done.stderr
    assert len(set(workers)) == 1
