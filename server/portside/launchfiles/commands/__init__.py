"""From the words of a command to what it starts: servers, Python files, what runners start."""
