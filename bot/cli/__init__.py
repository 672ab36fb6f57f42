"""What the command line can do, one module for each command: whoever asks for one does not wait for what the others need."""
