"""Files of lines: Makefiles, Procfiles, systemd units, .env; and JSON."""
