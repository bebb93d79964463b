"""What people write by mistake in a main guard."""

from __future__ import annotations

# What people write for `__name__`. A word can't be looked for by a pattern, so these are all.
UNDEFINED_NAMES = frozenset(
    {"_name_", "__name", "name__", "_name__", "__name_", "_name", "name_", "name", "___name___"}
    | {"__main__", "__Name__", "__NAME__", "__nane__", "__mame__", "__naem__", "__anme__"}
)
