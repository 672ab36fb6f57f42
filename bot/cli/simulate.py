"""Play the whole bot in a seeded simulation, one seed or many."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from itertools import count, islice

from bot.settings import Settings
from simulation.people.cast import NAMES
from simulation.plan import KINDS_OF_TROUBLE, Plan
from simulation.play import players
from simulation.report import OtherPlans, Totals, command_for, reached, story_of
from simulation.shrink import shrink

_DEFAULT_MINUTES = 40.0


def execute(_settings: Settings, options: argparse.Namespace) -> int:
    """Play, print findings and totals, and return 1 if there were findings."""
    # A terminated program ends its processes and deletes their files, as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for flag, given, known in (
        ("--without", options.without, KINDS_OF_TROUBLE),
        ("--silent", options.silent, NAMES),
    ):
        if unknown := _unknown(given, known):
            print(f"{flag}: {unknown} is none of {', '.join(known)}.", file=sys.stderr)
            return 2
    return _play_one(options) if options.seed is not None else _play_many(options)


def _unknown(given: Collection[str], known: Collection[str]) -> str:
    """Return the names that are not known, joined."""
    return ", ".join(name for name in given if name not in known)


def _play_one(options: argparse.Namespace) -> int:
    """Play one seed, shorten it if it fails, and print its story and hashes."""
    with players(1) as playing:
        outcome = playing.outcome(_plan(options, options.seed))
        if outcome.findings:
            shortest = shrink(outcome, playing.outcome)
            print(story_of(shortest))
            print(f"Shortest: {command_for(shortest.plan)}")
        for finding in outcome.findings:
            print(f"Finding: {finding}")
    totals = Totals()
    totals.add(outcome)
    _print_totals(totals, options)
    print(f"Hashes of steps, transcript and database: {' '.join(outcome.hashes)}")
    return 1 if outcome.findings else 0


def _play_many(options: argparse.Namespace) -> int:
    """Play seeds at the same time, and print each that fails."""
    plan_of, began = partial(_plan, options), time.monotonic()
    try:
        totals = Totals.resumed(options.resume, plan_of)
    except OtherPlans as error:
        noted, present = error.args
        print(
            f"--resume: {options.resume} has runs of “{noted}”, and now this would be “{present}”."
            " Give the same options, or another file.",
            file=sys.stderr,
        )
        return 2
    seeds = (seed for seed in count(options.first or 0) if seed not in totals.played)
    plans = map(plan_of, islice(seeds, options.count))
    with players(options.jobs or os.cpu_count() or 1) as playing, suppress(KeyboardInterrupt):
        for outcome in playing.outcomes(plans):
            totals.add(outcome, note_in=options.resume)
            for finding in outcome.findings:
                print(f"Seed {outcome.plan.seed}: {finding}", flush=True)
            if outcome.findings:
                print(f"  {command_for(outcome.plan)}", flush=True)
    _print_totals(totals, options)
    print(f"This took {time.monotonic() - began:.0f} s.")
    return 1 if totals["findings"] else 0


def _print_totals(totals: Totals, options: argparse.Namespace) -> None:
    """Print what was reached, if that was asked for, and the totals."""
    if options.reach:
        print(reached(totals.reach))
    print(totals)


def _plan(options: argparse.Namespace, seed: int) -> Plan:
    """Return the plan of a seed."""
    return Plan(
        seed,
        minutes=_DEFAULT_MINUTES if options.minutes is None else options.minutes,
        without=frozenset(options.without),
        silent=frozenset(options.silent),
        forks=options.forks,
        traced=options.reach,
    )
