"""What the nightly clean-up must have done."""

from collections.abc import Iterator
from datetime import timedelta

from simulation.checks.reference_model import CELL, CELLS_KEPT
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage

_HOUR, _DAY = 3, timedelta(days=1)
_UPDATES_KEPT = timedelta(days=2)
_UNCOMPLETED = "SELECT id FROM reservation WHERE status = 'confirmed' AND end_cell <= ?"
_OLD_UPDATES = "SELECT update_id FROM processed_update WHERE processed_at < ?"
_OLD_CELLS = "SELECT DISTINCT reservation_id FROM busy WHERE cell < ?"


def untidied(stage: Stage, since: int) -> Iterator[str]:
    """Yield what the last night left over, if it came after ``since``, when trouble had ended."""
    now = stage.host_clock() - timedelta(minutes=1)
    night = now.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
    night -= timedelta() if night <= now else _DAY
    at = int(night.timestamp())
    if at * MICROSECONDS <= since:
        return
    yesterday = (at - CELLS_KEPT) // CELL
    for (number,) in stage.rows(_UNCOMPLETED, (yesterday,)):
        yield f"booking {number} was not completed in the night"
    for (number,) in stage.rows(_OLD_CELLS, (yesterday,)):
        yield f"cells of reservation {number} were not freed in the night"
    kept = int((night - _UPDATES_KEPT).timestamp()) * MICROSECONDS
    for (number,) in stage.rows(_OLD_UPDATES, (kept,)):
        yield f"update {number} was not forgotten in the night"
