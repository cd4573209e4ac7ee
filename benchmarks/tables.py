"""Results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the results: its heading, its paragraphs and tables."""

    heading: str
    blocks: Sequence[str]

    def markdown(self) -> str:
        """The section as text."""
        return "\n\n".join([f"## {self.heading}", *self.blocks]) + "\n"


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table under its title, if it has one."""
    lines = [header, ["---"] * len(header), *rows]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"**{title}**\n\n{body}" if title else body


def number(value: float | None, digits: int = 0) -> str:
    """A number for people; nothing for None."""
    return "" if value is None else f"{value:,.{digits}f}"
