"""The products of taxonomy.yaml: from the file to the tree of the mapping room. Called by `loading`."""

from __future__ import annotations

from collections.abc import Mapping

from connector.mapping.products import Product, Products, folded, words_of
from connector.settings.problems import Problems
from connector.settings.shapes.taxonomy import ProductShape, TaxonomyFile
from connector.settings.yaml_file import Document

Path = tuple[str | int, ...]


def products_of(document: Document | None, problems: Problems) -> Products | None:
    """The tree, or None where there is none or the file is wrong (the tagging settings say how)."""
    if document is None or not isinstance(document.value, dict) or not document.value.get("products"):
        return None
    try:
        shape = TaxonomyFile.model_validate(document.value)
    except ValueError:
        return None
    return _Planting(document, problems).tree(shape.products)


class _Planting:
    """One reading of the tree; lives for a single `products_of`."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self.document, self.problems = document, problems
        self.claimed: dict[tuple[str, str], str] = {}
        self.names: set[str] = set()

    def tree(self, shapes: Mapping[str, ProductShape]) -> Products:
        return Products(self.branch(shapes, ("products",)))

    def branch(self, shapes: Mapping[str, ProductShape], path: Path) -> tuple[Product, ...]:
        return tuple(self.product(name, shape, (*path, name)) for name, shape in shapes.items())

    def product(self, name: str, shape: ProductShape, path: Path) -> Product:
        if name in self.names:
            place = self.document.place(path, key=True)
            self.problems.add(place, f"there are two products called {name!r}", "give each a name of its own")
        self.names.add(name)
        product = Product(name, shape.words, self.branch(shape.parts, (*path, "parts")))
        for language, word in words_of(product):
            other = self.claimed.setdefault((language, folded(word)), name)
            if other != name:
                what = f"{word!r} stands for {other!r} and for {name!r}"
                self.problems.add(self.document.place(path, key=True), what, "take it out of one of the two")
        return product
