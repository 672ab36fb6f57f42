"""SQL that each database writes differently."""
