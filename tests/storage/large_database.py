"""A large database for PostgreSQL's planner: thousands of rows in each table, most of them past."""

from tests.kit.cells import DAY, QUARTER
from tests.kit.clinic import OPENING
from tests.kit.postgres import execute

_TABLES = [
    """INSERT INTO provider (id, name, name_key, slug, joined_at)
    SELECT n, 'Person ' || n, 'person ' || n, 'person-' || n, {now}
    FROM generate_series(1, 1000) n""",
    # One in three is a guest of a provider; a few are admins.
    """INSERT INTO person
    (id, telegram_id, name, first_seen_at, unreachable_since, guest_of, admin_since)
    SELECT n, CASE WHEN n % 3 > 0 OR n <= 1000 THEN 7000000 + n END, 'Person ' || n, {now},
    CASE WHEN n % 100 = 0 THEN {now} END, CASE WHEN n % 3 = 0 AND n > 1000 THEN n % 1000 + 1 END,
    CASE WHEN n % 1000 = 0 THEN {now} END FROM generate_series(1, 3000) n""",
    """INSERT INTO acts_for (person_id, provider_id, role, notified, since)
    SELECT n, n, 'self', 1, {now} FROM generate_series(1, 1000) n
    UNION ALL SELECT n % 1000 + 1, n, 'assistant', n % 2, {now}
    FROM generate_series(1, 1000) n""",
    f"""INSERT INTO availability (provider_id, start_cell, end_cell)
    SELECT p, {OPENING} + d * {DAY}, {OPENING} + d * {DAY} + 32 * {QUARTER}
    FROM generate_series(1, 1000) p, generate_series(-5, 5) d""",
    """INSERT INTO invitation (digest, kind, invited_by, invited_at, expires_at)
    SELECT md5(n::text), 'provider', 1, {now}, {now} FROM generate_series(1, 3000) n""",
    """INSERT INTO dialogue (person_id, data, changed_at)
    SELECT n, '{{}}', {now} FROM generate_series(1, 3000) n""",
    """INSERT INTO draft (id, provider_id, days, added, state, drafted_at)
    SELECT n, n % 1000 + 1, '[]', '[]', 'published', {now} + n * interval '1 minute'
    FROM generate_series(1, 3000) n""",
    # One in ten is held and one in ten confirmed, with the cells of the provider and the client.
    f"""INSERT INTO reservation
    (id, provider_id, client_id, start_cell, end_cell, status, held_at, expires_at, revision)
    SELECT n, n % 1000 + 1, n % 3000 + 1, {OPENING} + n / 50 * {QUARTER},
    {OPENING} + (n / 50 + 1) * {QUARTER},
    CASE n % 10 WHEN 0 THEN 'held' WHEN 1 THEN 'confirmed' ELSE 'expired' END,
    {{now}}, {{now}} + n * interval '1 second', 1
    FROM generate_series(1, 20000) n""",
    """INSERT INTO history (reservation_id, revision, actor_id, act, at, after)
    SELECT id, 1, client_id, 'held', held_at, '{{}}' FROM reservation""",
    """INSERT INTO card (reservation_id, chat_id, message_id)
    SELECT id, 7000000 + client_id, id FROM reservation""",
    """INSERT INTO busy (kind, subject, cell, reservation_id, hold_until)
    SELECT kind, CASE kind WHEN 0 THEN provider_id ELSE client_id END, cell, id,
    CASE status WHEN 'held' THEN expires_at END
    FROM reservation, generate_series(start_cell, end_cell - 1) cell,
    generate_series(0, 1) kind WHERE status IN ('held', 'confirmed')""",
    """INSERT INTO outbox
    (id, channel, chat_id, recipient_id, kind, subject_kind, subject_id, revision, dedupe_key,
    due_at, attempts, state, settled_at)
    SELECT id, 'telegram', 7000000 + client_id, client_id, 'hold_warning', 'reservation', id, 1,
    'hold_warning:reservation:' || id || ':1:', expires_at - interval '3 hours', 1,
    CASE id % 10 WHEN 0 THEN 'due' WHEN 3 THEN 'withheld' ELSE 'sent' END,
    CASE id % 10 WHEN 0 THEN NULL ELSE expires_at END FROM reservation""",
    # Half of the updates are taps, which have no line.
    """INSERT INTO processed_update (update_id, processed_at, chat_id, line, edited, checksum)
    SELECT n, {now} + n * interval '1 second', CASE n % 2 WHEN 0 THEN n % 500 + 1 END, n, 0, n
    FROM generate_series(1, 5000) n""",
    """INSERT INTO failed_update (update_id, attempts, error, failed_at, set_aside)
    SELECT n, 3, 'KeyError', {now}, 1 FROM generate_series(1, 20) n""",
]


def fill_large_database(url: str, now: str) -> None:
    """Fill an empty PostgreSQL database; ``now`` is an SQL literal."""
    execute(url, *(table.format(now=now) for table in _TABLES), "VACUUM ANALYZE")
