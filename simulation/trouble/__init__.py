"""What goes wrong in a run; ``trouble.KINDS`` lists all kinds."""
