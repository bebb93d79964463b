"""Dockerfiles, compose files, and what runs in a container."""
