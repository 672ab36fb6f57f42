"""Receives updates, reads them, and processes each as one unit of work."""
