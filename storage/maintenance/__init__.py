"""What is done to a whole database: migrations, the integrity check, backups."""
