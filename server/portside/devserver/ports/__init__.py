"""Ports and their holders: claimed, looked at, made free."""
