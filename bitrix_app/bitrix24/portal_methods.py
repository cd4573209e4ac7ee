"""Words about the portal itself: its dictionary, its users, and where the app stands in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from marshmallow import ValidationError

from bitrix_app.bitrix24.crm import INVOICE
from bitrix_app.bitrix24.parsing import ProfileSchema, an_object, records, unexpected
from bitrix_app.bitrix24.questions import Reading, in_calls, kept
from bitrix_app.bitrix24.types import Profile
from bitrix_app.errors import GiveUpError, UserAccessError


class PortalMethods(Reading):
    """Fields, funnels, stages, presets, users, placements, events.

    Every word raises PortalError; UnexpectedAnswerError for an answer of another shape than its method's page says.
    """

    def app_info(self) -> dict[str, Any]:
        """The application as the portal sees it: ``LICENSE_FAMILY``, ``INSTALLED``, … [common/system/app-info]"""
        return an_object("app.info", self.call("app.info").result)

    def profile(self) -> Profile:
        """The user behind the token. Raises UserAccessError for one who has been dismissed. [common/users/profile]"""
        found = an_object("profile", self.call("profile").result)
        if not found:
            raise UserAccessError(method="profile")
        try:
            return Profile(**ProfileSchema().load(found))
        except ValidationError as error:
            raise unexpected("profile", f"wrong {', '.join(sorted(error.messages_dict))}") from None

    def invoice_fields(self) -> dict[str, dict[str, Any]]:
        """Fields of invoices by name: ``type``, ``title``, … [crm-item-fields]"""
        method = "crm.item.fields"
        result = an_object(method, self.call(method, {"entityTypeId": INVOICE}).result)
        fields = an_object(method, result.get("fields"))
        return {name: an_object(method, field) for name, field in fields.items()}

    def categories(self) -> list[dict[str, Any]]:
        """Funnels of invoices that the user may read: ``id``, ``name``, … [crm-category-list]"""
        method = "crm.category.list"
        return records(method, self.call(method, {"entityTypeId": INVOICE}), "categories")

    def stages(self, category_ids: Collection[int]) -> list[dict[str, Any]]:
        """Stages of these funnels, in their order: ``STATUS_ID``, ``NAME``, ``SEMANTICS``, … [crm-status-list]"""
        found = []
        for each in category_ids:
            params = {"filter": {"ENTITY_ID": f"SMART_INVOICE_STAGE_{each}"}, "order": {"SORT": "ASC"}}
            found += self._numbered_list("crm.status.list", params)
            kept("crm.status.list", found)
        return found

    def requisite_presets(self) -> list[dict[str, Any]]:
        """Templates of requisites: ``ID``, ``NAME``, ``XML_ID``. [crm-requisite-preset-list]"""
        params = {"select": ["ID", "NAME", "XML_ID"]}
        return self._list("crm.requisite.preset.list", params, id_field="ID")

    def currencies(self) -> list[dict[str, Any]]:
        """The portal's currencies: ``CURRENCY`` (``RUB``), ``BASE``, … [crm-currency-list]"""
        return self._numbered_list("crm.currency.list", {"order": {"SORT": "ASC"}})

    def users(self, ids: Collection[int]) -> list[dict[str, Any]]:
        """Users by their ids: ``ID``, ``NAME``, ``LAST_NAME``; needs a scope of users. [user-get]"""
        found = []
        for some in in_calls(ids):
            params = {"FILTER": {"@ID": some}, "sort": "ID", "order": "ASC", "select": ["ID", "NAME", "LAST_NAME"]}
            found += self._numbered_list("user.get", params)
        return found

    def placements(self) -> list[dict[str, Any]]:
        """Where the app is bound: ``placement``, ``handler``, … [placement-get]"""
        return records("placement.get", self.call("placement.get"))

    def bind_placement(
        self, placement: str, handler: str, *, title: str, lang_all: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Binds a handler, unless it is bound already; ``lang_all`` is language → ``{"TITLE": …}``. [placement-bind]"""
        params = {"PLACEMENT": placement, "HANDLER": handler, "TITLE": title, "LANG_ALL": lang_all}
        self._bind("placement.bind", params, lambda: _is_bound(self.placements(), placement=placement, handler=handler))

    def unbind_placement(self, placement: str, handler: str) -> None:
        """Takes a handler away; harmless when there is none. [placement-unbind]"""
        self.call("placement.unbind", {"PLACEMENT": placement, "HANDLER": handler})

    def events(self) -> list[dict[str, Any]]:
        """Event handlers of the app: ``event``, ``handler``, … [event-get]"""
        return records("event.get", self.call("event.get"))

    def bind_event(self, event: str, handler: str) -> None:
        """Binds a handler of an event, unless it is bound already. [event-bind]"""
        params = {"event": event, "handler": handler}
        self._bind("event.bind", params, lambda: _is_bound(self.events(), event=event, handler=handler))

    def unbind_event(self, event: str, handler: str) -> None:
        """Takes a handler of an event away; harmless when there is none. [event-unbind]"""
        self.call("event.unbind", {"event": event, "handler": handler})

    def _bind(self, method: str, params: Mapping[str, Any], is_bound: Callable[[], bool]) -> None:
        """Binding twice is an error without a code of its own, and a repeated call may be the second time: its first
        answer got lost."""
        try:
            self.call(method, params)
        except GiveUpError as error:
            if type(error) is not GiveUpError or not is_bound():
                raise


def _is_bound(rows: list[dict[str, Any]], **wanted: str) -> bool:
    return any(all(str(row.get(name)).lower() == value.lower() for name, value in wanted.items()) for row in rows)
