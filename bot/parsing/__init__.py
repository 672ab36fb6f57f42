"""Reads what people type about days, times, hours and time zones, in English and German, without clock, network or guessing in silence."""
