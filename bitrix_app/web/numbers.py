"""Numbers in addresses."""

from __future__ import annotations

from werkzeug.routing import BaseConverter


class NumberConverter(BaseConverter):
    """A positive number of at most ten digits: ``<number:id>``. Any other text is another address (404)."""

    regex = r"[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)
