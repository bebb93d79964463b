"""Clients of a server that is not there yet."""
