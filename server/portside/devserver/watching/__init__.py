"""Which saved files make the app another one."""
