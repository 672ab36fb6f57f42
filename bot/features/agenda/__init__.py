"""A provider sees who comes, and cancels."""
