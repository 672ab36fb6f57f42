"""The direct path uses only public names of the drivers and of SQLAlchemy."""

import ast
from pathlib import Path

import pytest

import storage

# Public, despite the underscore: it keeps them apart from the columns of a row.
NAMEDTUPLES = {"_asdict", "_make", "_mapping"}
MODULES = sorted(Path(storage.__path__[0]).rglob("*.py"))


def private_names_of(source: str) -> list[str]:
    """Return the private attributes that code reads from anything but ``self`` and ``cls``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            name = "" if owner in {"self", "cls"} else node.attr
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
            name = str(getattr(node.args[1], "value", ""))
        else:
            continue
        if name.startswith("_") and not name.endswith("__") and name not in NAMEDTUPLES:
            found.append(name)
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_no_module_uses_a_private_name(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    assert private_names_of(source) == []
    assert "SLF001" not in source


def test_private_names_are_found() -> None:
    source = "a._conn; self._ours; getattr(a, '_hidden'); row._asdict(); a.__class__"
    assert private_names_of(source) == ["_conn", "_hidden"]
