"""Settings: the YAML folder an admin owns, checked to the column, and handed on as frozen values.

`load` is called by the command line; it builds the settings that the pure rooms declare. pydantic is imported here
and nowhere else. Everything wrong in all files is said at once (`SettingsFilesError`).
"""

from connector.settings.loading import Settings, load, load_tagging
from connector.settings.mapping_files import mapping_in, mapping_in_text, shipped_mapping, shipped_text
from connector.settings.notation import duration_seconds
from connector.settings.problems import Place, Problem, SettingsFilesError
from connector.settings.schemas import schema
from connector.settings.sources import SourceSettings
from connector.settings.start import Answers, further_source, schema_files, starting_files

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
