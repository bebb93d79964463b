"""How long a test waits for what has to come. It ends with that, so a busy machine may take its time."""

PATIENCE_S = 100.0
