"""SQL that differs between the databases."""
