"""Numbers in addresses."""

from __future__ import annotations

from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from bitrix_app.web.fields import LARGEST_ID


class NumberConverter(BaseConverter):
    """A positive number that may be an id: ``<number:id>``. Any other text is another address (404)."""

    regex = r"[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        """The number. Raises NotFound for one that no column of ours holds (routing's own ValidationError would end
        in 405)."""
        number = int(value)
        if number > LARGEST_ID:
            raise NotFound
        return number
