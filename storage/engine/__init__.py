"""How statements reach SQLite and PostgreSQL: engines, transactions, the write lock and group commit."""
