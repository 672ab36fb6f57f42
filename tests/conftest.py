"""Fixtures that several parts of the tests share, and what all properties have in common."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fixtures.postgres", "tests.fixtures.storage"]

# No test asserts a time, so no property does either: how long an example takes tells of the machine's other work.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
