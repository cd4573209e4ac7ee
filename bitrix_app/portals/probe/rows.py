"""What a probe asks and what it tells: tries that are judged together, their replies, and the lines made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from bitrix_app.bitrix24 import Habits, Question
from bitrix_app.errors import AppError, PortalError


class Way(NamedTuple):
    """How a method was asked, where it is asked in several ways: in English, as the text to be copied has it, and in
    Russian."""

    en: str = ""
    ru: str = ""


NO_WAY = Way()
"""Of a method that is asked in one way alone."""


class Outcome(Enum):
    """What the app does because of an answer: its code, and the sentence in Russian and English."""

    USED = ("used", "Работает, так и будет спрашивать", "Works, and is asked so")
    NOT_NEEDED = ("not_needed", "Тоже можно, но не понадобится", "Would do too, but is not needed")
    NOT_SO = ("not_so", "Так спрашивать не будет", "Is not asked so")
    READ_ALL = (
        "read_all",
        "Прочитает счета без этого условия и отберёт сама",
        "Reads without this condition, and cuts",
    )
    ONE_BY_ONE = ("one_by_one", "Товары спросит счёт за счётом", "Asks for product rows invoice by invoice")
    WITHOUT = ("without", "Обойдётся без этих данных", "Does without these data")
    UNDECIDED = ("undecided", "Неясно: спросит снова, когда понадобится", "Not settled: asks again when needed")
    STOPPED = ("stopped", "Без этого отчёт не собрать", "No report can be built without this")
    NOT_ASKED = ("not_asked", "Не спрашивали: не о чем", "Not asked: there is nothing to ask about")
    NO_ROOM = ("no_room", "Не спрашивали: запросов и так много", "Not asked: there were requests enough")

    def __init__(self, code: str, ru: str, en: str) -> None:
        self.code, self.ru, self.en = code, ru, en


@dataclass(frozen=True, slots=True)
class Try:
    """One way to ask; ``question`` is None where the portal has nothing to ask about."""

    method: str
    way: Way
    question: Question[Any] | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a try: ``value``, or ``error``; ``status`` and ``seconds`` of its last exchange."""

    value: Any = None
    error: AppError | None = None
    status: int | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it was answered well."""
        return self.error is None

    @property
    def code(self) -> str:
        """The portal's code of a refusal, else ours; empty for a good answer."""
        told = self.error.portal_code if isinstance(self.error, PortalError) else ""
        return told or (self.error.code if self.error else "")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the probe. ``found`` is what else the answer tells of the portal, never of people or invoices."""

    method: str
    way: Way
    outcome: Outcome
    ok: bool = False
    status: int | None = None
    code: str = ""
    milliseconds: int | None = None
    rows: int | None = None
    found: str = ""

    @property
    def line(self) -> str:
        """The row as text, to be pasted into a report of a fault."""
        parts = [self.method, self.way.en, "" if self.status is None else str(self.status), self.code]
        parts += ["" if self.milliseconds is None else f"{self.milliseconds} ms"]
        parts += ["" if self.rows is None else f"{self.rows} rows", self.found, self.outcome.code]
        return " | ".join(part for part in parts if part)


Conclude = Callable[[Sequence[Reply], Habits], Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Tries that are judged together; ``conclude`` says what follows from their replies, and remembers it."""

    tries: tuple[Try, ...]
    conclude: Conclude
    found: Callable[[Any], str] = lambda _value: ""
