"""Write a complete copy of the database while the bot runs."""

import argparse
import sys

from bot.settings import Settings
from storage.database import check_file, database_file, file_exists
from storage.maintenance.backup import BackupFailed, back_up

_PG_DUMP = (
    "Back up a PostgreSQL database with its own tool: "
    'pg_dump --format=custom --file={file} "$DATABASE_URL"'
)


def execute(settings: Settings, options: argparse.Namespace) -> int:
    """Write the copy of a SQLite file; for PostgreSQL, print the command to use instead."""
    if settings.is_postgres:
        print(_PG_DUMP.format(file=options.file), file=sys.stderr)
        return 2
    source = database_file(settings.database_url)
    if source is None or not file_exists(source):
        print(f"There is no database at {source}: nothing to back up.", file=sys.stderr)
        return 1
    check_file(settings.database_url)
    try:
        back_up(source, options.file)
    except BackupFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"Wrote {options.file}. To restore it: stop the bot, replace {source} with the copy, "
        f"delete {source}-wal and {source}-shm, start the bot."
    )
    return 0
