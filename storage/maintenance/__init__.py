"""Operations on a whole database: migrations, the integrity check, backups."""
