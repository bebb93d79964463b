"""YAML with the place of every character, broken and templated files included."""
