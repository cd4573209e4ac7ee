"""Questions about the portal itself: its user, its fields, funnels and stages, and where the app is embedded in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from marshmallow import ValidationError

from bitrix_app.bitrix24.crm import INVOICE
from bitrix_app.bitrix24.parsing import ProfileSchema, an_object, records, unexpected
from bitrix_app.bitrix24.questions import ListById, ListByNumber, Question, in_calls
from bitrix_app.bitrix24.types import Answer, Profile
from bitrix_app.errors import UserAccessError

Records = list[dict[str, Any]]


def app_info() -> Question[dict[str, Any]]:
    """The application as the portal sees it: ``LICENSE_FAMILY``, ``INSTALLED``, … [common/system/app-info]"""
    return Question("app.info", {}, lambda answer: an_object("app.info", answer.result))


def profile() -> Question[Profile]:
    """The user behind the token. Reading raises UserAccessError for one who has been dismissed.
    [common/users/profile]"""
    return Question("profile", {}, _profile)


def invoice_fields() -> Question[dict[str, dict[str, Any]]]:
    """Fields of invoices by name: ``type``, ``title``, … [crm-item-fields]"""
    method = "crm.item.fields"

    def read(answer: Answer) -> dict[str, dict[str, Any]]:
        fields = an_object(method, an_object(method, answer.result).get("fields"))
        return {name: an_object(method, field) for name, field in fields.items()}

    return Question(method, {"entityTypeId": INVOICE}, read)


def categories() -> Question[Records]:
    """Funnels of invoices that the user may read: ``id``, ``name``, … [crm-category-list]"""
    method = "crm.category.list"
    return Question(method, {"entityTypeId": INVOICE}, lambda answer: records(method, answer, "categories"))


def stages(category_ids: Collection[int]) -> list[ListByNumber]:
    """Stages of these funnels, in their order: ``STATUS_ID``, ``NAME``, ``SEMANTICS``, … [crm-status-list]"""
    return [
        ListByNumber(
            "crm.status.list", {"filter": {"ENTITY_ID": f"SMART_INVOICE_STAGE_{each}"}, "order": {"SORT": "ASC"}}
        )
        for each in category_ids
    ]


def requisite_presets() -> ListById:
    """Templates of requisites: ``ID``, ``NAME``, ``XML_ID``, ``COUNTRY_ID``. [crm-requisite-preset-list]"""
    return ListById("crm.requisite.preset.list", {"select": ["ID", "NAME", "XML_ID", "COUNTRY_ID"]}, "ID")


def currencies() -> ListByNumber:
    """The portal's currencies: ``CURRENCY`` (``RUB``), ``BASE``, … [crm-currency-list]"""
    return ListByNumber("crm.currency.list", {"order": {"SORT": "ASC"}})


def users(ids: Collection[int]) -> list[ListByNumber]:
    """Users by their ids: ``ID``, ``NAME``, ``LAST_NAME``; needs a scope of users. [user-get]"""
    order = {"sort": "ID", "order": "ASC", "select": ["ID", "NAME", "LAST_NAME"]}
    return [ListByNumber("user.get", {"FILTER": {"@ID": some}, **order}) for some in in_calls(ids)]


def placements() -> Question[Records]:
    """Where the app is bound: ``placement``, ``handler``, … [placement-get]"""
    return Question("placement.get", {}, lambda answer: records("placement.get", answer))


def known_placements() -> Question[Any]:
    """Codes of all placements that this portal has for the app. [placement-list]"""
    return Question("placement.list", {}, lambda answer: answer.result)


def placement_bind(
    placement: str, handler: str, *, title: str, lang_all: Mapping[str, Mapping[str, str]]
) -> Question[None]:
    """Binds a handler; ``lang_all`` is language → ``{"TITLE": …}``. [placement-bind]"""
    params = {"PLACEMENT": placement, "HANDLER": handler, "TITLE": title, "LANG_ALL": lang_all}
    return Question("placement.bind", params, _done)


def placement_unbind(placement: str, handler: str) -> Question[None]:
    """Takes a handler away; harmless when there is none. [placement-unbind]"""
    return Question("placement.unbind", {"PLACEMENT": placement, "HANDLER": handler}, _done)


def events() -> Question[Records]:
    """Event handlers of the app: ``event``, ``handler``, … [event-get]"""
    return Question("event.get", {}, lambda answer: records("event.get", answer))


def event_bind(event: str, handler: str) -> Question[None]:
    """Binds a handler of an event. [event-bind]"""
    return Question("event.bind", {"event": event, "handler": handler}, _done)


def event_unbind(event: str, handler: str) -> Question[None]:
    """Takes a handler of an event away; harmless when there is none. [event-unbind]"""
    return Question("event.unbind", {"event": event, "handler": handler}, _done)


def _profile(answer: Answer) -> Profile:
    found = an_object("profile", answer.result)
    if not found:
        raise UserAccessError(method="profile")
    try:
        return Profile(**ProfileSchema().load(found))
    except ValidationError as error:
        raise unexpected("profile", f"wrong {', '.join(sorted(error.messages_dict))}") from None


def _done(_: Answer) -> None:
    """A good answer is all there is to know."""
