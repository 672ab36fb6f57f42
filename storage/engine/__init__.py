"""How statements reach SQLite and PostgreSQL: drivers, error translation, the write lock."""
