"""Settings: the YAML folder an admin owns, checked to the column, and handed on as frozen values.

`load` is called by the command line; it builds the settings that the pure rooms declare. pydantic is imported here
and nowhere else. Everything wrong in all files is said at once (`SettingsFilesError`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from connector.settings.notation import duration_seconds
from connector.settings.problems import Place, Problem, SettingsFilesError

if TYPE_CHECKING:
    from connector.settings.loading import Settings, load
    from connector.settings.mapping_files import mapping_in, mapping_in_text, shipped_mapping, shipped_text
    from connector.settings.schemas import schema
    from connector.settings.sources import SourceSettings
    from connector.settings.start import Answers, further_source, schema_files, starting_files
    from connector.settings.taggings import load_tagging

# The shapes of all files take a fifth of a second to make, and a command that only tags asks for one of them.
_LATE = {
    "Answers": "start",
    "Settings": "loading",
    "SourceSettings": "sources",
    "further_source": "start",
    "load": "loading",
    "load_tagging": "taggings",
    "mapping_in": "mapping_files",
    "mapping_in_text": "mapping_files",
    "schema": "schemas",
    "schema_files": "start",
    "shipped_mapping": "mapping_files",
    "shipped_text": "mapping_files",
    "starting_files": "start",
}

__all__ = [
    "Answers",
    "Place",
    "Problem",
    "Settings",
    "SettingsFilesError",
    "SourceSettings",
    "duration_seconds",
    "further_source",
    "load",
    "load_tagging",
    "mapping_in",
    "mapping_in_text",
    "schema",
    "schema_files",
    "shipped_mapping",
    "shipped_text",
    "starting_files",
]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        found = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
