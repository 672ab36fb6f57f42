"""Which use cases, refusals and lines of the domain a run reaches."""

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from types import FrameType
from typing import Any

import domain
from domain.events import Event
from domain.notification import JOINED, LEFT, RULES, ProviderKind

_DOMAIN = Path(domain.__path__[0])
_ACTS = {event.act for base in Event.__subclasses__() for event in (base, *base.__subclasses__())}
_KNOWN = {*_ACTS, *RULES, *ProviderKind, JOINED, LEFT}


@dataclass(slots=True)
class Reach:
    """The lines of the domain that were executed, by file, and what happened.

    ``happened`` has acts of the history and kinds of notification.
    """

    lines: dict[str, set[int]] = field(default_factory=dict)
    happened: set[str] = field(default_factory=set)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record the lines that are executed in a block."""
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(None)

    def merge(self, other: "Reach") -> None:
        """Add what another run reached."""
        for file, lines in other.lines.items():
            self.lines.setdefault(file, set()).update(lines)
        self.happened |= other.happened

    def note(self, database: Connection) -> None:
        """Note what happened, as a database says at the end of a run."""
        for query in ("SELECT act FROM history", "SELECT kind FROM outbox"):
            self.happened |= {name for (name,) in database.execute(query)}

    def missed(self) -> list[str]:
        """Return what never happened, and the use cases and branches that were not reached."""
        return [f"{name} never happened" for name in sorted(_KNOWN - self.happened)] + [
            sentence
            for file in sorted(_DOMAIN.rglob("*.py"))
            for sentence in _missed_in(file, self.lines.get(str(file), set()))
        ]

    def share(self) -> float:
        """Return the share of the statements in functions that were executed."""
        reached = total = 0
        for file in _DOMAIN.rglob("*.py"):
            statements = {line for line, _ in _statements(ast.parse(file.read_text()))}
            total += len(statements)
            reached += len(statements & self.lines.get(str(file), set()))
        return reached / total

    def _trace(self, frame: FrameType, event: str, _arg: Any) -> Any:
        """Record lines of the domain; functions elsewhere are not traced."""
        file = frame.f_code.co_filename
        if not file.startswith(str(_DOMAIN)):
            return None
        self.lines.setdefault(file, set()).add(frame.f_lineno)
        return self._trace if event in {"call", "line"} else None


def _missed_in(file: Path, reached: set[int]) -> Iterator[str]:
    """Yield the use cases and branches in a file that were not reached."""
    tree = ast.parse(file.read_text())
    if file.parent.name == "usecases":
        for node in tree.body:
            if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
                lines = {line for line, _ in _statements(node)}
                if not lines & reached:
                    yield f"{file.stem}.{node.name} was never called"
    for line, statement in sorted(_branches(tree, reached)):
        yield f"{file.stem}:{line} never ran: {statement.splitlines()[0]}"


def _branches(tree: ast.AST, reached: set[int]) -> Iterator[tuple[int, str]]:
    """Yield the first statements of branches that were not reached, unless nothing around was."""
    for _, statement in _statements(tree):
        for body in (getattr(statement, name, ()) for name in ("body", "orelse", "handlers")):
            first = body[0] if body else statement
            if statement.lineno in reached and body and first.lineno not in reached:
                yield first.lineno, ast.unparse(first)
    for case in (node for node in ast.walk(tree) if isinstance(node, ast.match_case)):
        if case.body[0].lineno not in reached:
            yield case.body[0].lineno, ast.unparse(case.body[0])


def _statements(tree: ast.AST) -> Iterator[tuple[int, ast.stmt]]:
    """Yield the statements in the functions of a tree, with their lines."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.stmt) and node is not function and not _is_docstring(node):
                    yield node.lineno, node


def _is_docstring(node: ast.stmt) -> bool:
    """Return whether a statement is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
