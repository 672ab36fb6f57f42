"""Write a whole copy of the database while the bot runs."""

import argparse
import sys

from bot.settings import Settings
from storage.database import check_file, database_file, is_there
from storage.maintenance.backup import BackupFailed, back_up

_PG_DUMP = 'A PostgreSQL database is backed up with its own tool: pg_dump --format=custom --file={file} "$DATABASE_URL"'


def execute(settings: Settings, options: argparse.Namespace) -> int:
    """Write the copy, or say what writes one."""
    if settings.is_postgres:
        print(_PG_DUMP.format(file=options.file), file=sys.stderr)
        return 2
    source = database_file(settings.database_url)
    if source is None or not is_there(source):
        print(f"There is no database at {source} yet: nothing to back up.", file=sys.stderr)
        return 1
    check_file(settings.database_url)
    try:
        back_up(source, options.file)
    except BackupFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"Wrote {options.file}. To restore it: stop the bot, put the copy in the place of {source}, remove {source}-wal and -shm, start."
    )
    return 0
