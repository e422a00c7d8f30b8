"""The shape of taxonomy.yaml: the facets by which complaints are told apart, and the products they are about.

Validated values go on to `taggings` and `products`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from connector.settings.shapes.shape import LanguageCode, Line, Shape


def _nothing_said(value: Any) -> Any:
    return {} if value is None else value


class ValueShape(Shape):
    title: Line = Field(description="What people see.")
    titles: dict[LanguageCode, Line] = Field(default={}, description="The same in other languages (ISO 639-1).")
    was: str | None = Field(default=None, description="What shipped phrases and models call this value.")
    raises: dict[str, str] = Field(default={}, description="Facet: what this says at least about it.")
    parts: dict[str, str | ValueShape] = Field(default={}, description="Finer values: `delivery/late`.")


class FacetShape(Shape):
    title: Line
    values: dict[str, str | ValueShape]
    topic: bool = Field(
        default=False, description="A denied phrase still speaks: `not late` is about delivery all the same."
    )
    default: Line | None = Field(default=None, description="The answer where nothing decides.")
    several: bool = Field(default=False, description="The values do not exclude each other.")
    firm: bool = Field(default=False, description="What a phrase says stands, whatever a model makes of it.")


class ProductShape(Shape):
    words: dict[LanguageCode, tuple[Line, ...]] = Field(
        default={}, description="What else it is called, by language (ISO 639-1)."
    )
    parts: dict[Line, Annotated[ProductShape, BeforeValidator(_nothing_said)]] = Field(
        default={}, description="The products or groups that belong to it."
    )


class TaxonomyFile(Shape):
    facets: dict[str, FacetShape]
    products: dict[Line, Annotated[ProductShape, BeforeValidator(_nothing_said)]] = Field(
        default={}, description="What you sell, as a tree, with the words that are used for it."
    )
