"""One module for each repository: the statements that read and write its tables."""
