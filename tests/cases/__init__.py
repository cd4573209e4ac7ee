"""Cases from the world: small portals on which the app was wrong. Period 2025-12-01 to 2026-03-31, detailed.

============================ ======================================== ===============================================
case                         what happens there                       right
============================ ======================================== ===============================================
recurring_template           an invoice and a recurring one's template one row, 12 200,00 / 2 200,00, no problem
rows_few                     SELLER's own invoices, a list of owners   ``Полный`` has 3 rows, no problem
                             is judged by invoice 1
rate_ahead                   22 % in December 2025, not shipped yet    no order to change the rate
foreign_rates                clients of other countries: 20, 19, 7 %   no line about rates
kz                           RQ_BIN, RQ_IIN, a БИН in RQ_INN           three numbers in ``ИНН``, no problem
by                           УНП of nine digits in RQ_INN              shown, no problem about it nor the rate
private_persons              the preset has no ИНН field               no problem about ИНН
private_practice             notary, lawyer, self-employed, farmer     «ИП» never wrongly nor twice
branches                     one ИНН, two КПП                          two rows in ``По контрагентам``
delivery                     the sum holds delivery, the rows don't    the words think of delivery
============================ ======================================== ===============================================
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from demo_portal import DemoWorld, Portal
from demo_portal.data import cases
from demo_portal.data.cases import SELLER

CASES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.json")))
_WAYS: dict[str, dict[str, Any]] = {"rows_few": {"owner_lists": "first"}}


def fill_with_case(portal: Portal, name: str) -> Portal:
    """Puts a case into an empty portal, with the ways that it is about. → the portal."""
    text = (Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8")
    cases.fill(portal, json.loads(text, parse_float=Decimal))
    portal.behave(**_WAYS.get(name, {}))
    return portal


def portal_of_case(world: DemoWorld, name: str) -> Portal:
    """A further portal of the world that holds this case."""
    return fill_with_case(world.add_portal(), name)


__all__ = ["CASES", "SELLER", "fill_with_case", "portal_of_case"]
