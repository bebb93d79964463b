"""Engines that outlive the workers that use them (`--keep-engine`)."""
