"""Another command, variable or port in the place of one that a launch file has."""
