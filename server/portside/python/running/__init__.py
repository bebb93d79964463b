"""Which statements of a module run, and when: on import, as a script, never."""
