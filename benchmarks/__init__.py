"""Benchmarks of the speed claims in ``docs/performance.md``; ``make bench`` runs them all."""
