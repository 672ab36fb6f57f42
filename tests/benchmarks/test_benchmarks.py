"""Each benchmark runs; no test asserts a speed."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, measured
from benchmarks.databases import databases
from benchmarks.report import Report, Target
from benchmarks.rounds import Spread, alternate, ratio, spread
from benchmarks.scale import SHORT
from tests.kit.sampling import PROFILE, SEED, seeded

# Each of their figures takes starts of a bot.
ONE_ENGINE = {"resident", "fairness"}
# These start several processes, which takes much longer than the others need.
LONG = sorted({"tap", *ONE_ENGINE})
LEFT_OUT = PROFILE.pick(fast=seeded(f"benchmarks {SEED}").sample(LONG, 2), full=[])


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name not in LEFT_OUT])
async def test_a_benchmark_runs_in_its_short_form_and_reports_figures_on_each_engine(
    name: str, new_postgres_server: str
) -> None:
    with databases(None if name in ONE_ENGINE else new_postgres_server) as given:
        report = await measured([name], SHORT, given)
    assert {figure.benchmark for figure in report.figures} == {name}
    assert all(figure.spread.low > 0 for figure in report.figures)
    text = " ".join(f"{figure.case} {figure.what}" for figure in report.figures)
    assert "SQLite" in text
    assert ("PostgreSQL" in text) == (name not in ONE_ENGINE)


async def test_contenders_alternate_and_take_turns_to_start() -> None:
    ran: list[str] = []

    async def runs(name: str) -> dict[str, float]:
        ran.append(name)
        return {"speed": float(len(ran))}

    samples = await alternate({"one": lambda: runs("one"), "other": lambda: runs("other")}, 3)
    assert ran == ["one", "other", "other", "one", "one", "other"]
    assert [sample["speed"] for sample in samples["one"]] == [1.0, 4.0, 5.0]


def test_a_ratio_compares_within_each_round() -> None:
    samples = {
        "ours": [{"time": 2.0}, {"time": 30.0}, {"time": 5.0}],
        "theirs": [{"time": 1.0}, {"time": 10.0}, {"time": 5.0}],
    }
    assert ratio(samples, "time", "ours", "theirs") == Spread(2.0, 1.0, 3.0)
    assert spread(samples, "ours", "time") == Spread(5.0, 2.0, 30.0)


@pytest.mark.parametrize(
    ("sign", "median", "met"),
    [
        ("≥", 5.0, True),
        ("≥", 4.9, False),
        ("≤", 5.0, True),
        ("≤", 5.1, False),
        ("<", 4.9, True),
        ("<", 5.0, False),
    ],
)
def test_a_target_is_judged_by_the_median(sign: str, median: float, met: bool) -> None:
    assert Target("tap", "a case", "a ratio", sign, 5.0, Spread(median, 0.0, 9.0)).met is met


def test_the_results_contain_what_the_table_shows(tmp_path: Path) -> None:
    report = Report()
    report.add("tap", "64 people", "whole bot", "1/s", Spread(1050.0, 900.0, 1200.0))
    report.aim("tap", "64 people", "whole / bare", Spread(7.7, 7.0, 8.0), "≥", 5.0)
    report.save(tmp_path / "results.json")
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert results["figures"][0]["spread"] == {"median": 1050.0, "low": 900.0, "high": 1200.0}
    assert results["targets"][0]["met"] is True
    assert "≥ 5: met" in report.table()
    assert "1,050" in report.table()


def test_the_results_of_benchmarks_that_did_not_run_are_kept(tmp_path: Path) -> None:
    for names in (["tap", "expiry"], ["tap"]):
        report = Report()
        for name in names:
            report.add(name, "a case", f"one of {len(names)}", "1/s", Spread(1.0, 1.0, 1.0))
            report.aim(name, "a case", f"one of {len(names)}", Spread(1.0, 1.0, 1.0), "<", 2.0)
        report.save(tmp_path / "results.json")
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    for kind in ("figures", "targets"):
        assert [(each["benchmark"], each["what"]) for each in results[kind]] == [
            ("expiry", "one of 2"),
            ("tap", "one of 1"),
        ]
