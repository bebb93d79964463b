"""Python text as a tree, and what an edit changes of it."""
