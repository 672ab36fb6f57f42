"""A provider's schedule: the rules they keep, and the times the rules leave open.

Rules are wall-clock time and are expanded on each read. Everything here is a pure function.
"""
