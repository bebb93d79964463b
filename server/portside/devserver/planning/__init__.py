"""What is to be run, in which Python, where it will listen."""
