"""The direct path uses only public names of the drivers and of SQLAlchemy."""

from pathlib import Path

import pytest

import storage

MODULES = sorted(Path(storage.__path__[0]).rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_no_module_is_exempt_from_the_rule_against_private_names(module: Path) -> None:
    assert "SLF001" not in module.read_text(encoding="utf-8")
