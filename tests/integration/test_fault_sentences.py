"""What a person reads when a report has failed: what happened and what to do, in Russian and in English."""

from __future__ import annotations

import pytest

from demo_portal import Fault, Portal, a_row
from tests.integration.workshop import Workshop

PAGES = "crm.item.list"

SAID: dict[str, tuple[Fault, str, str]] = {
    "portal_unavailable": (
        Fault.drop(),
        "Битрикс24 не отвечает. Повторите через минуту. Если не поможет, сообщите администратору портала.",
        "Bitrix24 does not answer. Try again in a minute.",
    ),
    "query_limit_exceeded": (
        Fault.error("QUERY_LIMIT_EXCEEDED"),
        "Битрикс24 просит делать запросы реже. Подождите минуту и повторите",
        "Bitrix24 asks for fewer calls. Wait a minute and try again",
    ),
    "operation_time_limit": (
        Fault.error("OPERATION_TIME_LIMIT"),
        "ограничил запросы этого вида. Повторите через десять минут.",
        "limited calls of this kind for some minutes. Try again in ten minutes.",
    ),
    "overload_limit": (
        Fault.error("OVERLOAD_LIMIT"),
        "из-за перегрузки. Администратору портала нужно написать в поддержку Битрикс24.",
        "because of overload. The administrator of the portal should write to the support of Bitrix24.",
    ),
    "portal_deleted": (
        Fault.error("PORTAL_DELETED"),
        "Этого портала Битрикс24 больше нет, или он закрыт. Обратитесь к администратору портала.",
        "This Bitrix24 portal is gone or closed. Turn to the administrator of the portal.",
    ),
    "payment_required": (
        Fault.error("PAYMENT_REQUIRED"),
        "Администратору портала нужно продлить приложение в Маркете или проверить тариф.",
        "The administrator of the portal should extend the application in the Market or check the plan.",
    ),
    "user_access_error": (
        Fault.error("user_access_error"),
        "Администратор портала закрыл вам доступ к этому приложению. Попросите его открыть доступ.",
        "has closed this application to you. Ask them to open it.",
    ),
    "insufficient_scope": (
        Fault.error("insufficient_scope"),
        "Администратор портала может добавить права в карточке приложения и установить его ещё раз.",
        "can add permissions in the application's card and install it once more.",
    ),
    "access_denied": (
        Fault.error("ACCESS_DENIED"),
        "Попросите администратора портала дать вам право читать счета, компании и контакты в CRM.",
        "Ask the administrator of the portal for the right to read invoices, companies and contacts in CRM.",
    ),
    "invalid_token": (
        Fault.error("NO_AUTH_FOUND"),
        "Битрикс24 больше не узнаёт ключ доступа. Откройте приложение в Битрикс24 заново.",
        "Bitrix24 does not know the access token any more. Open the application in Bitrix24 again.",
    ),
    "invalid_argument": (
        Fault.error("INVALID_ARG_VALUE", "Invalid filter: field 'ufCrmGone' is not allowed in filter"),
        "по полю ufCrmGone: возможно, поле удалили. Проверьте поля в настройках и сформируйте отчёт снова.",
        "field ufCrmGone: it may have been deleted. Check the fields in the settings and build the report again.",
    ),
    "unknown_method": (
        Fault.error("ERROR_METHOD_NOT_FOUND"),
        "не знает запроса crm.item.list: возможно, это старая коробочная версия.",
        "does not know the call crm.item.list: it may be an older self-hosted one.",
    ),
    "portal_moved": (
        Fault.redirect("http://127.0.0.1:1/rest/"),
        "Адрес вашего Битрикс24 изменился, а новый ещё не подтверждён. Откройте приложение по новому адресу.",
        "The address of your Bitrix24 has changed, and the new one is not confirmed yet.",
    ),
    "unexpected_answer": (
        Fault.huge(12),
        "ответил на запрос crm.item.list не так, как описано в его документации. Повторите позже.",
        "answered the call crm.item.list in another way than its documentation says. Try again later.",
    ),
    "portal_error": (
        Fault.error("SOMETHING_NEW"),
        "Битрикс24 ответил ошибкой на запрос crm.item.list. Повторите через минуту.",
        "Bitrix24 answered the call crm.item.list with an error. Try again in a minute.",
    ),
}


@pytest.fixture(scope="module")
def portal(shop: Workshop) -> Portal:
    portal = shop.portal()
    portal.crm.add_invoice(number="1", date="2026-02-01", rows=[a_row()])
    return portal


@pytest.mark.parametrize("code", SAID)
def test_a_failed_report_says_what_happened_and_what_to_do(shop: Workshop, portal: Portal, code: str) -> None:
    """The API names the code and the sentence, in the language of whoever reads; nothing else of the error."""
    fault, russian, english = SAID[code]
    portal.faults.always(fault, method=PAGES)
    ended = shop.build(shop.process(), portal)
    portal.faults.clear()
    for lang, sentence in (("ru", russian), ("en", english)):
        reader = shop.house.visitor(portal, portal.accountant, lang=lang)
        report = reader.get(f"/reports/{ended.record.id}")
        assert (report["status"], report["error"]["code"]) == ("failed", code)
        assert sentence in report["error"]["message"]
        assert (report["download_url"], report["summary"], report["downloads"]) == (None, None, [])


def test_a_report_whose_answers_weigh_too_much_says_so(shop: Workshop, portal: Portal) -> None:
    """All answers are weighed together, whatever was asked."""
    ended = shop.build(shop.process(answer_bytes=4000), portal)
    for lang, sentence in (
        ("ru", "больше данных, чем допустимо для одного отчёта"),
        ("en", "than one report may weigh"),
    ):
        report = shop.house.visitor(portal, portal.accountant, lang=lang).get(f"/reports/{ended.record.id}")
        assert (report["status"], report["error"]["code"]) == ("failed", "answers_too_heavy")
        assert sentence in report["error"]["message"]
    assert shop.build(shop.process(), portal).outcome == "done"
