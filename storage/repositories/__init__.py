"""The repositories, one module each: the statements that read and write their tables."""
