"""Where the paid amount comes from: the settings ``payment_source`` and ``paid_amount_field`` (contract §3, §6)."""

from __future__ import annotations

import pytest

from demo_portal import Fault, Portal
from demo_portal.crm.fields import custom_field
from tests.integration.house import House, Visitor

MONEY, NUMBER, TEXT = "ufCrmPaidSum", "ufCrmPaidNumber", "ufCrmPaidText"


@pytest.fixture(autouse=True)
def own_fields(portal: Portal) -> None:
    for name, kind, title in (
        ("UF_CRM_PAID_SUM", "money", "Оплачено по счёту"),
        ("UF_CRM_PAID_NUMBER", "double", "Поступило"),
        ("UF_CRM_PAID_TEXT", "string", "Как оплачено"),
    ):
        portal.crm.add_custom_field(custom_field(name, kind, title))


def test_payment_goes_by_the_date_where_nobody_has_chosen(visitor: Visitor) -> None:
    settings = visitor.get("/settings")
    assert (settings["payment_source"], settings["paid_amount_field"]) == ("date", None)


def test_fields_of_money_or_a_number_are_offered_for_the_paid_amount(visitor: Visitor) -> None:
    offered = {each["name"]: each["title"] for each in visitor.get("/options")["amount_fields"]}
    assert offered == {MONEY: "Оплачено по счёту", NUMBER: "Поступило"}


@pytest.mark.parametrize("field", [MONEY, NUMBER])
def test_an_administrator_chooses_the_field_of_the_paid_amount(administrator: Visitor, field: str) -> None:
    chosen = {**administrator.get("/settings"), "payment_source": "field", "paid_amount_field": field}
    assert administrator.call("PUT", "/settings", json=chosen).status_code == 200
    assert administrator.get("/settings") == chosen


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (None, "Выберите поле, в котором стоит оплаченная сумма."),
        (TEXT, "В поле «Как оплачено» не деньги и не число."),
        ("begindate", "не деньги и не число."),
        ("ufCrm_NOTHING", "нет такого своего поля"),
    ],
)
def test_a_field_that_is_no_amount_is_refused_in_words(administrator: Visitor, field: str | None, said: str) -> None:
    chosen = {**administrator.get("/settings"), "payment_source": "field", "paid_amount_field": field}
    answer = administrator.call("PUT", "/settings", json=chosen)
    assert answer.status_code == 422
    assert answer.json is not None
    assert said in answer.json["errors"]["paid_amount_field"][0]
    assert administrator.get("/settings")["payment_source"] == "date"


def test_another_source_is_refused(administrator: Visitor) -> None:
    answer = administrator.call(
        "PUT", "/settings", json={**administrator.get("/settings"), "payment_source": "invoice"}
    )
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["errors"]) == ["payment_source"]


def test_employees_do_not_choose_the_source(visitor: Visitor) -> None:
    chosen = {**visitor.get("/settings"), "payment_source": "payments"}
    assert visitor.call("PUT", "/settings", json=chosen).status_code == 403


def test_a_field_that_is_gone_is_named_and_may_be_left_behind(
    house: House, portal: Portal, visitor: Visitor, administrator: Visitor
) -> None:
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    house.services.web.portals.save_settings(record.id, {"payment_source": "field", "paid_amount_field": MONEY})
    portal.crm.remove_custom_field(MONEY)
    assert visitor.get("/options")["gone_fields"] == {"paid_amount_field": MONEY}
    check = next(each for each in administrator.get("/self-check")["checks"] if each["code"] == "fields")
    assert (check["ok"], MONEY in check["title"]) == (False, True)
    by_date = {**administrator.get("/settings"), "payment_source": "date"}
    assert administrator.call("PUT", "/settings", json=by_date).status_code == 200
    assert visitor.get("/options")["gone_fields"] == {}


def invoices(portal: Portal) -> list[int]:
    """An invoice paid in part, one paid too much, one by its date, one in dollars; a failed one is no example."""
    crm = portal.crm
    made = [
        crm.add_invoice(
            number=number,
            opportunity="100",
            stage=stage,
            currency=currency,
            paid="2026-03-31" if number == "by date" else None,
            **{MONEY: amount},
        )
        for number, stage, currency, amount in (
            ("partly", "DT31_2:N", "RUB", "30.50|RUB"),
            ("too much", "DT31_2:N", "RUB", "150|RUB"),
            ("by date", "DT31_2:P", "RUB", None),
            ("dollars", "DT31_2:N", "USD", None),
            ("failed", "DT31_2:D", "RUB", None),
        )
    ]
    crm.add_payment(made[0], "30.50")
    crm.add_payment(made[3], "10", currency="USD")
    return made


def shown(administrator: Visitor, query: str) -> dict[str, tuple[str, str, str]]:
    items = administrator.get(f"/payment-example?{query}")["items"]
    return {each["number"]: (each["paid"], each["outstanding"], each["status"]) for each in items}


def test_the_last_invoices_are_shown_as_each_source_would_pay_them(portal: Portal, administrator: Visitor) -> None:
    """Nothing is saved by looking."""
    invoices(portal)
    unpaid, whole, partly = ("0.00", "100.00", "не оплачен"), ("100.00", "0.00", "оплачен"), "оплачен частично"
    assert shown(administrator, "payment_source=date") == {
        "dollars": unpaid,
        "by date": whole,
        "too much": unpaid,
        "partly": unpaid,
    }
    assert shown(administrator, f"payment_source=field&paid_amount_field={MONEY}") == {
        "dollars": unpaid,
        "by date": unpaid,
        "too much": ("150.00", "0.00", "переплата"),
        "partly": ("30.50", "69.50", partly),
    }
    assert shown(administrator, "payment_source=payments") == {
        "dollars": ("10.00", "90.00", partly),
        "by date": whole,
        "too much": unpaid,
        "partly": ("30.50", "69.50", partly),
    }
    assert administrator.get("/settings")["payment_source"] == "date"


def test_at_most_ten_invoices_are_shown_newest_first(portal: Portal, administrator: Visitor) -> None:
    for number in range(1, 15):
        portal.crm.add_invoice(number=str(number), opportunity="100")
    portal.calls.clear()
    assert list(shown(administrator, "payment_source=payments")) == [str(each) for each in range(14, 4, -1)]
    assert len(portal.calls.of("crm.item.payment.list")) == 10


def test_payments_that_are_refused_are_said_beside_the_example(portal: Portal, administrator: Visitor) -> None:
    invoices(portal)
    portal.faults.always(Fault.error("ERROR_METHOD_NOT_FOUND"), method="crm.item.payment.list")
    found = administrator.get("/payment-example?payment_source=payments")
    assert (found["refused"], len(found["items"])) == (True, 4)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "payment_source"),
        ("payment_source=invoice", "payment_source"),
        ("payment_source=field", "paid_amount_field"),
        (f"payment_source=field&paid_amount_field={TEXT}", "paid_amount_field"),
        ("payment_source=date&what=now", "what"),
    ],
)
def test_a_choice_that_does_not_fit_has_no_example(administrator: Visitor, query: str, field: str) -> None:
    answer = administrator.call("GET", f"/payment-example?{query}")
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["errors"]) == [field]


def test_examples_are_for_administrators(visitor: Visitor) -> None:
    assert visitor.call("GET", "/payment-example?payment_source=date").status_code == 403


@pytest.mark.parametrize("paid", [True, False, "partly", "remainder", None])
def test_a_register_is_ordered_by_payment(visitor: Visitor, paid: object) -> None:
    assert visitor.start(paid=paid)["params"]["paid"] == paid


@pytest.mark.parametrize("paid", ["true", "unpaid", 1, [True]])
def test_no_other_word_narrows_by_payment(visitor: Visitor, paid: object) -> None:
    body = {"date_from": "2026-01-01", "date_to": "2026-03-31", "paid": paid}
    answer = visitor.call("POST", "/reports", json=body)
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["errors"]) == ["paid"]


@pytest.mark.parametrize("shown", [True, False])
def test_the_self_check_says_whether_the_portal_shows_its_payments(
    portal: Portal, administrator: Visitor, shown: bool
) -> None:
    """Where they are the source; else nobody needs them."""
    invoices(portal)
    assert "payments" not in {each["code"] for each in administrator.get("/self-check")["checks"]}
    chosen = {**administrator.get("/settings"), "payment_source": "payments"}
    assert administrator.call("PUT", "/settings", json=chosen).status_code == 200
    if not shown:
        portal.faults.always(Fault.error("ERROR_METHOD_NOT_FOUND"), method="crm.item.payment.list")
    check = next(each for each in administrator.get("/self-check")["checks"] if each["code"] == "payments")
    assert (check["ok"], "не показывает" in check["title"]) == (shown, not shown)
