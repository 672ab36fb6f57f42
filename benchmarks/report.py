"""What was measured, as one table for eyes and one file for machines."""

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
    """One measured figure: of which benchmark, in which case, of whom."""

    benchmark: str
    case: str
    what: str
    unit: str
    spread: Spread


@dataclass(frozen=True, slots=True)
class Target:
    """What was aimed at, and what came out; judged is the median, which is to be ``sign`` (≥, ≤ or <) the limit."""

    benchmark: str
    case: str
    what: str
    sign: str
    limit: float
    spread: Spread

    @property
    def met(self) -> bool:
        """Tell whether it was met."""
        return bool(_SIGNS[self.sign](self.spread.median, self.limit))


@dataclass(slots=True)
class Report:
    """Collects what the benchmarks measured."""

    figures: list[Figure] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    load: list[float] = field(default_factory=list)

    def add(self, benchmark: str, case: str, what: str, unit: str, measured: Spread) -> None:
        """Take a figure in, and print it: whoever waits sees how it goes. Note the load of the machine as well."""
        self.figures.append(Figure(benchmark, case, what, unit, measured))
        self.load.append(os.getloadavg()[0])
        print(_line(benchmark, case, f"{what}, {unit}", measured), flush=True)

    def add_all(self, benchmark: str, case: str, samples: Samples, units: dict[str, str]) -> None:
        """Take in every figure of every contender."""
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
        """Hold a figure against its target."""
        self.targets.append(Target(benchmark, case, what, sign, limit, measured))

    def table(self) -> str:
        """Return everything as a table."""
        figures = [
            _line(f.benchmark, f.case, f"{f.what}, {f.unit}", f.spread) for f in self.figures
        ]
        targets = [
            f"{_line(t.benchmark, t.case, t.what, t.spread)}   {_verdict(t)}" for t in self.targets
        ]
        load = Spread.of(self.load or [0.0])
        told = (
            f"{_machine()}; load of the machine meanwhile {_shown(load.low)} to {_shown(load.high)}"
        )
        return "\n".join([told, "", *figures, "", "Targets", *targets])

    def save(self, file: Path) -> None:
        """Write everything to a file; what other benchmarks came to before stays in it."""
        before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        told = {
            "machine": _machine(),
            "load": asdict(Spread.of(self.load or [0.0])),
            "figures": self._among(
                before.get("figures", []), [asdict(figure) for figure in self.figures]
            ),
            "targets": self._among(
                before.get("targets", []),
                [asdict(target) | {"met": target.met} for target in self.targets],
            ),
        }
        file.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def _among(
        self, before: list[dict[str, Any]], now: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Return what stays of an earlier time, and after it what was measured now."""
        measured = {figure.benchmark for figure in self.figures}
        return [each for each in before if each["benchmark"] not in measured] + now


def _line(benchmark: str, case: str, what: str, measured: Spread) -> str:
    """Return one line of the table."""
    figures = f"{_shown(measured.median):>9}  ({_shown(measured.low)} – {_shown(measured.high)})"
    return f"{benchmark:<{_SECTION}} {case:<{_CASE}} {what:<{_WHAT}} {figures}"


def _verdict(target: Target) -> str:
    """Return what a target is, and whether it was met."""
    return f"{target.sign} {target.limit:g}: {'met' if target.met else 'NOT MET'}"


def _shown(value: float) -> str:
    """Return a value with three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _machine() -> str:
    """Return what this was measured on."""
    return f"{os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def percentiles(values: Sequence[float], *wanted: int) -> Iterator[float]:
    """Yield the wanted percentiles of some values; zeros where there are none."""
    ordered = sorted(values) or [0.0]
    for each in wanted:
        yield ordered[min(len(ordered) - 1, len(ordered) * each // 100)]
