"""Count time in cells of five minutes; a cell was a quarter-hour.

All cells in columns and in JSON become three times their number, and a busy cell becomes three. The
buttons in stored messages keep their old tags, which are still read.

This is no change that the previous version can run with: stop its replicas first.
"""

import sqlalchemy as sa
from alembic import op

from storage.engine.sqlite_file import DatabaseUnusable
from storage.maintenance.upgrade import refuse_previous_replicas

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Rows are inserted again where their key changes: while rows change one after the other, a new key
# may be another row's old one.
_REPLACED = (
    sa.text("CREATE TABLE moved_availability AS SELECT * FROM availability"),
    sa.text("DELETE FROM availability"),
    sa.text("""INSERT INTO availability (provider_id, end_cell, start_cell)
    SELECT provider_id, 3 * end_cell, 3 * start_cell FROM moved_availability"""),
    sa.text("DROP TABLE moved_availability"),
    sa.text("CREATE TABLE moved_busy AS SELECT * FROM busy"),
    sa.text("DELETE FROM busy"),
    # In the order of the primary key, which is the fastest to insert.
    sa.text("""INSERT INTO busy (kind, subject, cell, reservation_id, hold_until)
    SELECT kind, subject, 3 * cell + third.n, reservation_id, hold_until
    FROM moved_busy CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2) third
    ORDER BY 1, 2, 3"""),
    sa.text("DROP TABLE moved_busy"),
    sa.text("UPDATE reservation SET start_cell = 3 * start_cell, end_cell = 3 * end_cell"),
)
_JSON_ON_SQLITE = (
    sa.text("""UPDATE history SET before = json_set(before,
        '$.start', 3 * json_extract(before, '$.start'), '$.end', 3 * json_extract(before, '$.end'))
    WHERE json_type(before, '$.start') = 'integer'"""),
    sa.text("""UPDATE history SET after = json_set(after,
        '$.start', 3 * json_extract(after, '$.start'), '$.end', 3 * json_extract(after, '$.end'))
    WHERE json_type(after, '$.start') = 'integer'"""),
    sa.text("""UPDATE draft SET added = (
        SELECT json_group_array(json_array(
            3 * json_extract(span.value, '$[0]'), 3 * json_extract(span.value, '$[1]')))
        FROM json_each(draft.added) span
    ) WHERE json_array_length(added) > 0"""),
    sa.text("""UPDATE dialogue
    SET data = json_set(data, '$.start', 3 * json_extract(data, '$.start'))
    WHERE flow = 'booking' AND json_type(data, '$.start') = 'integer'"""),
)
_JSON_ON_POSTGRESQL = (
    sa.text("""UPDATE history SET before = (before::jsonb || jsonb_build_object(
        'start', 3 * (before ->> 'start')::int, 'end', 3 * (before ->> 'end')::int))::json
    WHERE json_typeof(before -> 'start') = 'number'"""),
    sa.text("""UPDATE history SET after = (after::jsonb || jsonb_build_object(
        'start', 3 * (after ->> 'start')::int, 'end', 3 * (after ->> 'end')::int))::json
    WHERE json_typeof(after -> 'start') = 'number'"""),
    sa.text("""UPDATE draft SET added = (
        SELECT json_agg(json_build_array(3 * (span ->> 0)::int, 3 * (span ->> 1)::int)
            ORDER BY place)
        FROM json_array_elements(added) WITH ORDINALITY AS spans(span, place)
    ) WHERE json_array_length(added) > 0"""),
    sa.text("""UPDATE dialogue SET data = jsonb_set(
        data::jsonb, '{start}', to_jsonb(3 * (data ->> 'start')::int))::json
    WHERE flow = 'booking' AND json_typeof(data -> 'start') = 'number'"""),
)


def upgrade() -> None:
    """Apply the change."""
    connection = op.get_bind()
    on_postgresql = connection.dialect.name == "postgresql"
    if on_postgresql:
        refuse_previous_replicas(connection)
    for statement in (*_REPLACED, *(_JSON_ON_POSTGRESQL if on_postgresql else _JSON_ON_SQLITE)):
        connection.execute(statement)


def downgrade() -> None:
    """Refuse: times may have been booked since that are not on quarter-hours."""
    raise DatabaseUnusable("this migration cannot be reverted: restore a backup from before it")
