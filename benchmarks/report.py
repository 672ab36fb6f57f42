"""The results, as a table and as a JSON file."""

import json
import operator
import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.rounds import Samples, Spread, spread

_SIGNS = {"≥": operator.ge, "≤": operator.le, "<": operator.lt}
_SECTION, _CASE, _WHAT = 10, 34, 44


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure of a benchmark, in one case."""

    benchmark: str
    case: str
    what: str
    unit: str
    spread: Spread


@dataclass(frozen=True, slots=True)
class Target:
    """A target and its result; the median must be ``sign`` (≥, ≤ or <) the limit."""

    benchmark: str
    case: str
    what: str
    sign: str
    limit: float
    spread: Spread

    @property
    def met(self) -> bool:
        """Whether the target was met."""
        return bool(_SIGNS[self.sign](self.spread.median, self.limit))


@dataclass(slots=True)
class Report:
    """Collects the figures and targets of benchmarks."""

    figures: list[Figure] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    load: list[float] = field(default_factory=list)

    def add(self, benchmark: str, case: str, what: str, unit: str, measured: Spread) -> None:
        """Add and print a figure, and record the machine's load."""
        self.figures.append(Figure(benchmark, case, what, unit, measured))
        self.load.append(os.getloadavg()[0])
        print(_line(benchmark, case, f"{what}, {unit}", measured), flush=True)

    def add_all(self, benchmark: str, case: str, samples: Samples, units: dict[str, str]) -> None:
        """Add every figure of every contender."""
        for contender in samples:
            for figure, unit in units.items():
                self.add(
                    benchmark,
                    case,
                    f"{contender}: {figure}",
                    unit,
                    spread(samples, contender, figure),
                )

    def aim(
        self, benchmark: str, case: str, what: str, measured: Spread, sign: str, limit: float
    ) -> None:
        """Add a target with its measured figure."""
        self.targets.append(Target(benchmark, case, what, sign, limit, measured))

    def table(self) -> str:
        """Return figures and targets as a table."""
        figures = [
            _line(f.benchmark, f.case, f"{f.what}, {f.unit}", f.spread) for f in self.figures
        ]
        targets = [
            f"{_line(t.benchmark, t.case, t.what, t.spread)}   {_verdict(t)}" for t in self.targets
        ]
        load = Spread.of(self.load or [0.0])
        heading = f"{_machine()}; load average {_shown(load.low)} to {_shown(load.high)}"
        return "\n".join([heading, "", *figures, "", "Targets", *targets])

    def save(self, file: Path) -> None:
        """Save the results to a file; results of benchmarks that did not run are kept."""
        before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        results = {
            "machine": _machine(),
            "load": asdict(Spread.of(self.load or [0.0])),
            "figures": self._merge(
                before.get("figures", []), [asdict(figure) for figure in self.figures]
            ),
            "targets": self._merge(
                before.get("targets", []),
                [asdict(target) | {"met": target.met} for target in self.targets],
            ),
        }
        file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def _merge(
        self, before: list[dict[str, Any]], now: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Return earlier entries of benchmarks that did not run, followed by new entries."""
        measured = {figure.benchmark for figure in self.figures}
        return [each for each in before if each["benchmark"] not in measured] + now


def _line(benchmark: str, case: str, what: str, measured: Spread) -> str:
    """Return one line of the table."""
    figures = f"{_shown(measured.median):>9}  ({_shown(measured.low)} – {_shown(measured.high)})"
    return f"{benchmark:<{_SECTION}} {case:<{_CASE}} {what:<{_WHAT}} {figures}"


def _verdict(target: Target) -> str:
    """Return a target's limit and whether it was met."""
    return f"{target.sign} {target.limit:g}: {'met' if target.met else 'NOT MET'}"


def _shown(value: float) -> str:
    """Return a value with three significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _machine() -> str:
    """Return a description of the machine."""
    return (
        f"{os.cpu_count()} processors, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def percentiles(values: Sequence[float], *wanted: int) -> Iterator[float]:
    """Yield percentiles of values; zeros if there are none."""
    ordered = sorted(values) or [0.0]
    for each in wanted:
        yield ordered[min(len(ordered) - 1, len(ordered) * each // 100)]
