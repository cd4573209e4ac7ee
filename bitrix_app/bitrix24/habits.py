"""What was learnt of how a portal takes questions, kept beyond one piece of work so that a refusal is met once.

Source: the portal's modules of two versions; where two ways are possible, one is tried and the other taken when the
portal refuses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bitrix_app.bitrix24.spelling import Spellings


@dataclass(slots=True)
class Habits:
    """How a portal takes the questions of one user; several threads may write what they have met.

    ``owner_lists``: whether lists of owners of product rows are answered; None as long as nobody knows.
    ``spellings``: how the portal takes names of fields, shared by its users.
    """

    owner_lists: bool | None = None
    spellings: Spellings = field(default_factory=Spellings)
