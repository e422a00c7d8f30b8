"""What the shapes of all files are made of: the strict model, and the kinds of text that may stand in it.

Used by every other module here. Durations, hours and days stay text: the notation is checked, and parsed where the
value is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from connector.settings import notation

REFERENCE = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:[^/]+/.+)$"


def parses(parse: Callable[[str], object]) -> AfterValidator:
    """Text in a notation: what `parse` takes without ValueError. It stays text."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
DurationText = Annotated[str, parses(notation.duration), Field(examples=["4h"])]
DaysText = Annotated[str, parses(notation.whole_days), Field(examples=["30d"])]
WindowText = Annotated[str, parses(notation.window), Field(examples=["09:00-17:00"])]
WeekdaysText = Annotated[str, parses(notation.weekdays), Field(examples=["mon-fri"])]
LanguageCode = Annotated[str, StringConstraints(pattern="^[a-z]{2}$")]
Reference = Annotated[str, StringConstraints(pattern=REFERENCE)]
Condition = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
