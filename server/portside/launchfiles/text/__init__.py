"""Words and values of launch files, with the place of each character."""
