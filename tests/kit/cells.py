"""Cells by an arithmetic of the tests' own, which shares no code with ``domain``."""

from datetime import datetime

SECONDS = 300
QUARTER = 3
"""The cells in a quarter-hour, which is also the length of a slot."""
DAY = 96 * QUARTER


def cell_of(moment: datetime) -> int:
    """Return the cell with an instant in it."""
    return int(moment.timestamp()) // SECONDS


def grid_cell(moment: datetime) -> int:
    """Return the first cell of the quarter-hour with an instant in it."""
    return cell_of(moment) // QUARTER * QUARTER
