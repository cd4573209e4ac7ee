"""A portal in memory that answers what a test says."""

from __future__ import annotations

from typing import Any

from tests.fakes import ScriptedTransport, Surroundings

REFUSED = {"error": "ACCESS_DENIED", "error_description": "Access denied."}


def around(**answers: Any) -> Surroundings:
    """A client of a portal that answers these results; ``crm__item__list`` stands for ``crm.item.list``."""
    portal = ScriptedTransport(
        answers={name.replace("__", "."): {"result": result} for name, result in answers.items()}
    )
    return Surroundings(portal=portal)


def refusing(*methods: str) -> Surroundings:
    """A client of a portal that denies access to these methods."""
    return Surroundings(portal=ScriptedTransport(faults={(method, 1): (403, REFUSED) for method in methods}))
