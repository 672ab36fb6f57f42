"""The whole bot in a seeded simulation: virtual time, random people, faults, and invariants."""
