"""Patterns of the word `port`, which is not the end of `import`, `report` or `support`."""

# As a name, or behind an underscore. It begins with plain text: a search for such runs at memory speed.
PORT = rb"port(?<![a-z]port)"
# At the end of any name, as in `webport`, but of words that end like it: to look at a small part of a text.
ENDS_IN_PORT = rb"port(?<!\bimport)(?<!\bexport)(?<!\breport)(?<!support)(?<!transport)"
