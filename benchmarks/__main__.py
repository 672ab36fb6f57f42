"""Run all or the named benchmarks, print a table and write ``benchmarks/results.json``."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from benchmarks import expiry, fairness, holding, resident, slots, tap
from benchmarks.databases import Databases, databases, durable_server
from benchmarks.report import Report
from benchmarks.scale import SHORT, WHOLE, Scale

Measure = Callable[[Scale, Databases, Report], Awaitable[None]]

BENCHMARKS: dict[str, Measure] = {
    each.NAME: each.measure for each in (tap, slots, holding, expiry, resident, fairness)
}
RESULTS = Path(__file__).with_name("results.json")


async def measured(names: Sequence[str], scale: Scale, given: Databases) -> Report:
    """Run benchmarks and return their report."""
    report = Report()
    for name in names:
        await BENCHMARKS[name](scale, given, report)
    return report


def main() -> None:
    """Run the benchmarks that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name",
        nargs="*",
        choices=[[], *BENCHMARKS],
        help="the benchmarks to run (default: all)",
    )
    parser.add_argument("--quick", action="store_true", help="only check that each benchmark runs")
    parser.add_argument(
        "--results",
        type=Path,
        help="the file for the results (default for a full run: benchmarks/results.json)",
    )
    options = parser.parse_args()
    with durable_server() as server, databases(server) as given:
        report = asyncio.run(
            measured(options.name or list(BENCHMARKS), SHORT if options.quick else WHOLE, given)
        )
    print(f"\n{report.table()}")
    if file := options.results or (None if options.quick else RESULTS):
        report.save(file)


if __name__ == "__main__":
    main()
