"""What names of a file mean, and where they come from."""
