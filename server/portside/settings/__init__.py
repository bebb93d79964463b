"""What the user asked for: `[tool.portside]` in pyproject.toml, or portside.toml.

    find.py      which file counts for a folder
    read.py      its text -> a table, and the line of every key
    model.py     the table as values (`Settings`)
    validate.py  the table -> `Settings`, or every mistake in it at once

A file that can't be understood is never half used: `load` raises `SettingsError`,
which holds all mistakes with their lines.
"""

from portside.settings.find import SettingsFinder, load
from portside.settings.model import ServerSettings, Settings, SettingsError, SettingsMistake

__all__ = ["ServerSettings", "Settings", "SettingsError", "SettingsFinder", "SettingsMistake", "load"]
