"""The agenda: a provider sees who comes, and cancels."""
