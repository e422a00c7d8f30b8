"""One mapping file by itself: the shipped one of an adapter, or a draft that no source uses yet.

Called by the mapping commands and by `start`.
"""

from __future__ import annotations

from pathlib import Path

from connector.errors import SettingsError
from connector.gratitude import Thanks
from connector.mapping import Mapping, Products
from connector.settings.folder import SHIPPED
from connector.settings.meanings import mapping_of
from connector.settings.problems import Problems
from connector.settings.yaml_file import Document, read_file, read_text


def shipped_text(adapter: str) -> str:
    """The mapping that ships for an adapter. Raises SettingsError where none does."""
    path = SHIPPED / f"{adapter}.yaml"
    if not adapter.isidentifier() or not path.is_file():
        raise SettingsError(
            f"no mapping ships for the adapter {adapter!r}.",
            remedy=f"Write mappings/{adapter}.yaml, as its author describes.",
        )
    return path.read_text(encoding="utf-8")


def shipped_mapping(adapter: str) -> Mapping:
    """The same, understood."""
    name = f"mappings/{adapter}.yaml (as shipped)"
    problems = Problems()
    return _proved(read_text(shipped_text(adapter).encode(), name, problems), problems)


def mapping_in_text(text: str, name: str) -> Mapping:
    """The mapping that `text` is, called `name` in messages. Raises SettingsFilesError."""
    problems = Problems()
    return _proved(read_text(text.encode(), name, problems), problems)


def mapping_in(path: Path, adapter: str, products: Products | None, thanks: Thanks | None = None) -> Mapping:
    """The mapping in a file anywhere, for a source of kind `adapter`. Raises SettingsFilesError with all that is wrong
    in it, SettingsError where it is for another kind."""
    problems = Problems()
    mapping = _proved(read_file(path, str(path), problems), problems, products, thanks)
    if mapping.adapter != adapter:
        raise SettingsError(
            f"{path} is for the adapter {mapping.adapter!r}, and the source's is {adapter!r}.",
            remedy="Name a mapping of that adapter.",
        )
    return mapping


def _proved(
    document: Document | None, problems: Problems, products: Products | None = None, thanks: Thanks | None = None
) -> Mapping:
    mapping = mapping_of(document, problems, products=products, thanks=thanks)
    problems.raise_if_any()
    assert mapping is not None
    return mapping
