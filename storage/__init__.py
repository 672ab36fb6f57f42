"""Slotkeeper's storage: tables, repositories and the unit of work on SQLAlchemy Core."""
