"""Which questions a probe asks of a portal, and what follows from the answers.

What is found is remembered where reports look for it (``Habits``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bitrix_app.bitrix24 import (
    PAGE,
    TRIED,
    Bitrix24Client,
    Habits,
    Page,
    Profile,
    Question,
    Raw,
    Spelling,
    Written,
    crm,
    needs_spelling,
    portal_methods,
    whole,
    written,
)
from bitrix_app.errors import AccessDeniedError, AppError, InvalidArgumentError, PortalBusyError
from bitrix_app.portals.catalog import FIELD_NAME, RECURRING, USER_SCOPES
from bitrix_app.portals.preferences import MAPPED_FIELDS, complete_settings
from bitrix_app.portals.probe.rows import NO_WAY, Conclude, Inquiry, Outcome, Reply, Try, Way
from bitrix_app.storage import PortalRecord

CUSTOM_FIELDS = 5
"""Custom date fields that are asked for: those of the settings first."""
SPELLED = {
    Spelling.LOWER: "строчными буквами",
    Spelling.ORIGINAL: "как в CRM",
    Spelling.AS_GIVEN: "как в ответах портала",
}
_OFFSET = re.compile(r"(Z|[+-]\d\d:\d\d)$")
_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){0,3}")


@dataclass(frozen=True, slots=True)
class Sample:
    """What of the portal the questions are about."""

    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    category_ids: tuple[int, ...] = ()
    invoice_ids: tuple[int, ...] = ()
    company_ids: tuple[int, ...] = ()
    contact_ids: tuple[int, ...] = ()
    requisite_ids: tuple[int, ...] = ()


def read_sample(client: Bitrix24Client) -> Sample:
    """A few records of each kind. What the portal refuses is empty here, and told by the inquiry about it."""
    fields: Mapping[str, Mapping[str, Any]] = _or_none(client.invoice_fields) or {}
    categories = _or_none(client.categories) or []
    page = _or_none(lambda: client.ask(_some_invoices()))
    invoices = page.items if page else []
    ids = _numbers(invoices, "id")
    links = _or_none(lambda: client.ask(crm.requisite_links(ids)[0].page())) if ids else None
    return Sample(
        fields=fields,
        category_ids=_numbers(categories, "id"),
        invoice_ids=ids,
        company_ids=_numbers(invoices, "companyId"),
        contact_ids=_numbers(invoices, "contactId"),
        requisite_ids=_numbers(links.items if links else [], "REQUISITE_ID"),
    )


def inquiries(portal: PortalRecord, user_id: int, sample: Sample) -> list[Inquiry]:
    """All that the app ever asks of a portal without changing it, in a fixed order."""
    first_stages = portal_methods.stages(sample.category_ids[:1])
    return [
        _optional(portal_methods.app_info(), found=_version),
        _needed(portal_methods.profile(), found=_right),
        _needed(portal_methods.invoice_fields()),
        _optional(portal_methods.categories()),
        _one("crm.status.list", first_stages[0].page() if first_stages else None, refused=Outcome.STOPPED),
        _optional(portal_methods.requisite_presets().page()),
        _optional(portal_methods.currencies().page()),
        _one("user.get", portal_methods.users([user_id])[0].page() if portal.scopes & USER_SCOPES else None),
        _optional(crm.my_companies().page(), Way("own companies", "свои компании")),
        _optional(portal_methods.placements()),
        _optional(portal_methods.events()),
        _needed(_some_invoices(), Way("uncounted", "без подсчёта"), found=_offset),
        _needed(crm.invoices(Written({}, ["id"])).page(counted=True), Way("counted", "с подсчётом")),
        _needed(
            crm.invoices(written({"=id": 1, ">=begindate": "9999-12-31"}, ["id"], {}, {})).page(),
            Way("by begindate", "по дате счёта"),
        ),
        _one(
            "crm.item.list",
            _invoices_alone() if RECURRING in sample.fields else None,
            Way("without templates", "без шаблонов"),
            refused=Outcome.STOPPED,
        ),
        *(_spelled(*each, sample.fields) for each in enumerate(custom_date_fields(portal, sample.fields), 1)),
        _rows(sample.invoice_ids),
        _looked_up("crm.item.list", Way("invoices by id", "счета по ID"), crm.invoices_by_id(sample.invoice_ids)),
        _looked_up(
            "crm.requisite.link.list", NO_WAY, [each.page() for each in crm.requisite_links(sample.invoice_ids)]
        ),
        _looked_up("crm.item.payment.list", NO_WAY, [crm.payments(each).page() for each in sample.invoice_ids[:1]]),
        _looked_up("crm.requisite.list", Way("by id", "по ID"), crm.requisites(sample.requisite_ids)),
        _owned(Way("of companies", "компаний"), crm.COMPANY, sample.company_ids),
        _owned(Way("of contacts", "контактов"), crm.CONTACT, sample.contact_ids),
        _looked_up("crm.item.list", Way("companies by id", "компании по ID"), crm.companies(sample.company_ids)),
        _looked_up("crm.item.list", Way("contacts by id", "контакты по ID"), crm.contacts(sample.contact_ids)),
    ]


def custom_date_fields(portal: PortalRecord, fields: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Those whose spelling matters, the ones of the settings first; so many as a probe asks for."""
    settings = complete_settings(portal.settings)
    chosen = [settings[name] for name in MAPPED_FIELDS]
    dates = [name for name, each in fields.items() if each.get("type") in {"date", "datetime"}]
    usable = [name for name in dates if needs_spelling(name) and FIELD_NAME.fullmatch(name)]
    return sorted(usable, key=lambda name: name not in chosen)[:CUSTOM_FIELDS]


def shape_of(name: str) -> str:
    """How a field's name is built, without the name: ``ufCrm_SMART_INVOICE_1689252229`` is ``ufCrm_A_A_9``."""
    known, rest = (name[:5], name[5:]) if name[:5].lower() == "ufcrm" else ("", name)
    return known + re.sub("[0-9]+", "9", re.sub("[a-z]+", "a", re.sub("[A-Z]+", "A", rest)))


# --- what follows from the replies --------------------------------------------------------------------------------


def _alone(refused: Outcome) -> Conclude:
    return lambda replies, _habits: [Outcome.USED if each.ok else refused for each in replies]


def _of_spellings(name: str) -> Conclude:
    """Remembers the first that was taken; that none is, only when each was refused for what it says."""

    def conclude(replies: Sequence[Reply], habits: Habits) -> Sequence[Outcome]:
        taken = [spelling for spelling, reply in zip(TRIED, replies, strict=True) if reply.ok]
        if taken:
            habits.spellings.learn_spelling(name, taken[0])
        elif all(isinstance(each.error, InvalidArgumentError) for each in replies):
            habits.spellings.learn_spelling(name, Spelling.NONE)
            return [Outcome.READ_ALL] * len(replies)
        else:
            return [Outcome.UNDECIDED] * len(replies)
        used = [spelling for spelling in TRIED if spelling in taken[:1]]
        good = {each: Outcome.USED if each in used else Outcome.NOT_NEEDED for each in taken}
        return [good.get(each, Outcome.NOT_SO) for each in TRIED]

    return conclude


def _of_rows(replies: Sequence[Reply], habits: Habits) -> Sequence[Outcome]:
    """A list is refused for no fault of its owners, all of which this user has just been shown."""
    lists, alone = replies
    if lists.ok:
        habits.learn_owner_lists(answered=True)
        return [Outcome.USED, Outcome.NOT_NEEDED if alone.ok else Outcome.NOT_SO]
    if not isinstance(lists.error, AccessDeniedError | InvalidArgumentError):
        return [Outcome.UNDECIDED, Outcome.UNDECIDED]
    if alone.ok:
        habits.learn_owner_lists(answered=False)
        return [Outcome.NOT_SO, Outcome.ONE_BY_ONE]
    return [Outcome.NOT_SO, Outcome.WITHOUT if isinstance(alone.error, AccessDeniedError) else Outcome.STOPPED]


# --- inquiries ----------------------------------------------------------------------------------------------------


def _one(
    method: str,
    question: Question[Any] | None,
    way: Way = NO_WAY,
    *,
    refused: Outcome = Outcome.WITHOUT,
    found: Callable[[Any], str] = lambda _value: "",
) -> Inquiry:
    return Inquiry((Try(method, way, question),), _alone(refused), found)


def _needed(question: Question[Any], way: Way = NO_WAY, found: Callable[[Any], str] = lambda _value: "") -> Inquiry:
    return _one(question.method, question, way, refused=Outcome.STOPPED, found=found)


def _optional(question: Question[Any], way: Way = NO_WAY, found: Callable[[Any], str] = lambda _value: "") -> Inquiry:
    return _one(question.method, question, way, found=found)


def _looked_up(method: str, way: Way, questions: Sequence[Question[Page]]) -> Inquiry:
    return _one(method, questions[0] if questions else None, way)


def _owned(way: Way, entity_type_id: int, ids: Sequence[int]) -> Inquiry:
    return _looked_up("crm.requisite.list", way, [each.page() for each in crm.requisites_of(entity_type_id, ids)])


def _spelled(place: int, name: str, fields: Mapping[str, Mapping[str, Any]]) -> Inquiry:
    upper_names = {each: str(about["upperName"]) for each, about in fields.items() if about.get("upperName")}
    shape = shape_of(name)
    tries = (
        Try(
            "crm.item.list",
            Way(
                f"by custom date {place} ({shape}), {each.name.lower()}",
                f"по своей дате {place} ({shape}), {SPELLED[each]}",
            ),
            crm.tries_spelling(name, each, upper_names),
        )
        for each in TRIED
    )
    return Inquiry(tuple(tries), _of_spellings(name))


def _rows(invoice_ids: Sequence[int]) -> Inquiry:
    method = "crm.item.productrow.list"
    lists = crm.product_rows(list(invoice_ids)).page() if invoice_ids else None
    alone = crm.product_rows(invoice_ids[-1]).page() if invoice_ids else None
    return Inquiry(
        (Try(method, Way("list of owners", "список счетов"), lists), Try(method, Way("one owner", "один счёт"), alone)),
        _of_rows,
    )


def _invoices_alone() -> Question[Page]:
    return crm.invoices(Written({f"!={RECURRING}": "Y"}, ["id"])).page()


def _some_invoices() -> Question[Page]:
    return crm.invoices(Written({}, ["id", "companyId", "contactId", "createdTime"])).page()


# --- reading ------------------------------------------------------------------------------------------------------


def _or_none(ask: Callable[[], Any]) -> Any:
    """The answer; None for a refusal. Raises PortalBusyError: there may be an answer in the next request."""
    try:
        return ask()
    except PortalBusyError:
        raise
    except AppError:
        return None


def _numbers(records: Iterable[Raw], name: str) -> tuple[int, ...]:
    """Those above 0, each once, no more than a question may hold."""
    found = dict.fromkeys(whole(each.get(name)) for each in records)
    return tuple(number for number in found if number)[:PAGE]


def _version(info: Mapping[str, Any]) -> str:
    version = str(info.get("VERSION") or "")
    kind = "box" if str(info.get("LICENSE") or "").endswith("_selfhosted") else "cloud"
    return f"{kind}, version {version if _VERSION.fullmatch(version) else 'not told'}"


def _right(profile: Profile) -> str:
    return "administrator" if profile.is_admin else "no administrator"


def _offset(page: Page) -> str:
    told = [_OFFSET.search(str(each.get("createdTime") or "")) for each in page.items]
    return ", ".join(sorted({f"offset {each.group()}" for each in told if each}))
