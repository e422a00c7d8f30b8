"""trends.yaml: from the file to the frozen settings of the trends room, held against the mappings.

Called by `loading`.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.errors import SettingsError
from connector.mapping import Mapping
from connector.settings import notation
from connector.settings.checking import shaped
from connector.settings.problems import Problems, one_of
from connector.settings.rules import zone_is_known
from connector.settings.shapes.policy import TrendsFile
from connector.settings.yaml_file import Document
from connector.trends.views import EXTRA, FIELDS, Trends


def trends_of(document: Document | None, mappings: Sequence[Mapping], problems: Problems) -> Trends | None:
    """What is counted and tested, or None with the reasons among `problems`."""
    shape = shaped(document, TrendsFile, problems)
    if document is None or shape is None:
        return None
    before = len(problems)
    zone_is_known(shape.zone, document, ("zone",), problems)
    _check_views(document, shape, mappings, problems)
    try:
        found = Trends(
            views=shape.views,
            zone=shape.zone,
            windows_days=tuple(notation.whole_days(one) for one in shape.windows),
            before_days=notation.whole_days(shape.before),
            least=shape.least,
            alarm=shape.alarm,
            watch=shape.watch,
            growth=shape.growth,
            quiet_days=notation.whole_days(shape.quiet),
            check_days=notation.whole_days(shape.check),
        )
    except SettingsError as error:
        problems.add_error(document.place(("views",), key=True), error)
        return None
    return found if len(problems) == before else None


def _check_views(document: Document, shape: TrendsFile, mappings: Sequence[Mapping], problems: Problems) -> None:
    own = sorted({name for mapping in mappings for name in mapping.fields if name.startswith(EXTRA)})
    for index, view in enumerate(shape.views):
        for position, field in enumerate(view):
            if field not in FIELDS and field not in own:
                place = document.place(("views", index, position))
                problems.add(place, f"no mapping has a field {field!r} to count by", one_of(field, [*FIELDS, *own]))
