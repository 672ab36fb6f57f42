"""What must hold after every step and at rest, by a model of the rules that shares no code."""
