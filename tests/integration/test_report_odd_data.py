"""Odd data of a portal, all the way from its HTTP answers to the finished workbook."""

from __future__ import annotations

import pytest

from demo_portal import Portal, a_row
from tests.integration.workshop import Process, Workshop


@pytest.fixture
def portal(shop: Workshop) -> Portal:
    return shop.portal()


def test_half_a_surrogate_pair_is_dropped_from_names(shop: Workshop, process: Process, portal: Portal) -> None:
    """On every sheet and in the CSV; what stands around it stays, whole pairs too."""
    company = portal.crm.add_company("Ром\ud800аш\udc00ка 🧾 \ufffd")
    portal.crm.add_invoice(
        number="7\udfff", date="2026-02-01", company_id=company, rows=[a_row(name="Бол\ud83dт", price=122)]
    )
    ended = shop.build(process, portal)
    for line in (ended.lines[0], *ended.sheet("Краткий"), *ended.sheet("Полный")):
        assert (line["Номер"], line["Контрагент"]) == ("7", "Ромашка 🧾 \ufffd")
    assert ended.sheet("Полный")[0]["Наименование товара"] == "Болт"


def test_a_requisite_that_only_holds_an_address_bills_nobody(shop: Workshop, process: Process, portal: Portal) -> None:
    """The portal does not show it among a company's requisites, though it may come first by SORT."""
    company = portal.crm.add_company("Ромашка")
    portal.crm.add_requisite(company_id=company, sort=1, inn=None, ADDRESS_ONLY="Y")
    portal.crm.add_requisite(company_id=company, sort=500, inn="7707083893", name="ООО «Ромашка»")
    portal.crm.add_invoice(number="1", date="2026-02-01", company_id=company, rows=[a_row(price=122)])
    (line,) = shop.build(process, portal).lines
    assert (line["ИНН"], line["Контрагент"]) == ("7707083893", "ООО «Ромашка»")
