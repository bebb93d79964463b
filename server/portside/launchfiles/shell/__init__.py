"""Shell text: scripts, and commands in files of any format."""
