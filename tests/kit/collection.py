"""Makes a run of thousands of tests cheaper: less garbage collection, fewer repeated fixtures."""

import gc
from collections.abc import Generator
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

GROUPS = (
    # Several browsers at once slow each other down.
    "tests/browser/",
    # Each worker would make all screens.
    "tests/bot/features/hours/test_hours_screens.py",
    # Each worker would copy the project.
    "tests/test_tutorial.py",
)
"""Tests whose ids begin like this run in one worker, one after another."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude all tests and imported modules from garbage collection: they stay until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "GroupScheduling | None":
    """Return the scheduler for ``--dist loadgroup``."""
    return GroupScheduling(config, log) if config.option.dist == "loadgroup" else None


def group_of(test: str) -> str:
    """Return the group of a test; most are a group of their own."""
    return next((group for group in GROUPS if test.startswith(group)), test)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker one group after another, the largest first.

    The scheduler of pytest-xdist 3.8 reads groups from marks, and loses them with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Mark a test as completed, and forget its group if all of it is.

        The base class counts all tests of the worker after each test.
        """
        super().mark_test_complete(node, item_index, duration)
        groups = self.assigned_work[node]
        for name in [name for name, tests in groups.items() if all(tests.values())]:
            del groups[name]
