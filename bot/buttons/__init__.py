"""The callback data of the buttons, one module a feature."""
