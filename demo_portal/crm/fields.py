"""Fields of invoices, companies, contacts and product rows: names, types and titles as crm.item.fields gives them.

Source: api-reference/crm/universal/object-fields.md and crm-item-fields.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo_portal.crm.names import camel_name, upper_name

INVOICE, DEAL, CONTACT, COMPANY = 31, 2, 3, 4
OWNER_TYPES = {"SI": INVOICE}
RECURRING = "isRecurring"

SHIPPED = "ufCrm_SMART_INVOICE_1718000000001"
PAID = "ufCrm_SMART_INVOICE_1718000000002"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``type`` as the portal names it, ``title`` in Russian, ``title_en`` in English; ``items``: the choices
    of a list, id → word."""

    name: str
    type: str
    title: str
    title_en: str = ""
    read_only: bool = False
    required: bool = False
    multiple: bool = False
    custom: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    status_type: str = ""
    items: Mapping[str, str] = field(default_factory=dict)

    @property
    def upper_name(self) -> str:
        """The name in the old style: ``OPPORTUNITY``, ``UF_CRM_SMART_INVOICE_1718000000001``."""
        return upper_name(self.name)

    @property
    def kind(self) -> str:
        """The type by which values are compared."""
        if self.type in {"crm_company", "crm_contact", "crm_entity"}:
            return "crm"
        if self.custom and (self.multiple or self.type in {"crm", "employee", "url", "boolean"}):
            return "string"
        if self.type in {"crm_status", "crm_currency", "text", "enumeration", "money"}:
            return "string"
        return self.type

    def described(self, lang: str = "ru") -> dict[str, Any]:
        """The field's entry in the answer of crm.item.fields."""
        entry: dict[str, Any] = {
            "type": self.type,
            "isRequired": self.required,
            "isReadOnly": self.read_only,
            "isImmutable": False,
            "isMultiple": self.multiple,
            "isDynamic": self.custom,
            "title": self.title_en if lang == "en" and self.title_en else self.title,
        }
        if self.custom:
            entry.update(listLabel=entry["title"], formLabel=entry["title"], filterLabel=entry["title"])
        if self.status_type:
            entry["statusType"] = self.status_type
        if self.items:
            entry["items"] = [{"ID": each, "VALUE": word} for each, word in self.items.items()]
        if self.settings:
            entry["settings"] = dict(self.settings)
        entry["upperName"] = self.upper_name
        return entry


def custom_field(original: str, kind: str, title: str, **more: Any) -> Field:
    """A custom field by its original name (``UF_CRM_626D6ABE98692``); ``items`` are the choices of a list, ``settings``
    of a field of type ``crm`` say Y of each type of record that it may hold."""
    return Field(camel_name(original), kind, title, custom=True, **more)


def kinds(fields: Iterable[Field]) -> dict[str, str]:
    """Field name → comparing type."""
    return {each.name: each.kind for each in fields}


_COMMON = (
    Field("id", "integer", "ID", "ID", read_only=True),
    Field("createdTime", "datetime", "Когда создан", "Created at", read_only=True),
    Field("updatedTime", "datetime", "Когда обновлён", "Updated at", read_only=True),
    Field("createdBy", "user", "Кем создан", "Created by", read_only=True),
    Field("updatedBy", "user", "Кем изменён", "Updated by", read_only=True),
    Field("assignedById", "user", "Ответственный", "Responsible person"),
    Field("opened", "boolean", "Доступен для всех", "Available to everyone", required=True),
)

INVOICE_FIELDS: tuple[Field, ...] = (
    *_COMMON,
    Field("title", "string", "Тема", "Name"),
    Field("xmlId", "string", "Внешний код", "External ID"),
    Field("accountNumber", "string", "Номер", "Number"),
    Field("begindate", "date", "Дата выставления", "Invoice date"),
    Field("closedate", "date", "Срок оплаты", "Pay before"),
    Field("companyId", "crm_company", "Компания", "Company", settings={"parentEntityTypeId": 4}),
    Field("contactId", "crm_contact", "Контакт", "Contact"),
    Field("contactIds", "crm_contact", "Контакты", "Contacts", multiple=True),
    Field("observers", "user", "Наблюдатели", "Observers", multiple=True),
    Field("movedTime", "datetime", "Когда изменена стадия", "Stage changed at", read_only=True),
    Field("movedBy", "user", "Кто изменил стадию", "Stage changed by", read_only=True),
    Field("categoryId", "crm_category", "Воронка", "Pipeline"),
    Field("stageId", "crm_status", "Стадия", "Stage", status_type="SMART_INVOICE_STAGE_2"),
    Field("previousStageId", "crm_status", "Предыдущая стадия", "Previous stage", read_only=True),
    Field("opportunity", "double", "Сумма", "Total"),
    Field("isManualOpportunity", "boolean", "Режим расчёта суммы", "Amount calculation mode"),
    Field("taxValue", "double", "Сумма налога", "Tax total"),
    Field("currencyId", "crm_currency", "Валюта", "Currency"),
    Field(
        "mycompanyId",
        "crm_company",
        "Реквизиты вашей компании",
        "Your company details",
        settings={"isMyCompany": True, "parentEntityTypeId": 4},
    ),
    Field("sourceId", "crm_status", "Источник", "Source", status_type="SOURCE"),
    Field("sourceDescription", "text", "Дополнительно об источнике", "Source information"),
    Field("comments", "text", "Комментарий", "Comment"),
    Field("locationId", "location", "Местоположение", "Location"),
    Field("webformId", "integer", "Создан CRM-формой", "Created by CRM form"),
    Field("lastActivityBy", "user", "Кто проявил последнюю активность", "Last activity by", read_only=True),
    Field("lastActivityTime", "datetime", "Последняя активность", "Last activity", read_only=True),
    Field("parentId2", "crm_entity", "Сделка", "Deal", settings={"parentEntityTypeId": 2}),
    Field(RECURRING, "boolean", "Регулярный счёт", "Recurring invoice"),
)

CUSTOM_FIELDS: tuple[Field, ...] = (
    Field(SHIPPED, "date", "Дата отгрузки", "Shipping date", custom=True),
    Field(PAID, "datetime", "Дата оплаты", "Payment date", custom=True),
    Field("ufCrm_SMART_INVOICE_1718000000003", "string", "Номер договора", "Contract number", custom=True),
)

COMPANY_FIELDS: tuple[Field, ...] = (
    *_COMMON,
    Field("title", "string", "Название компании", "Company name", required=True),
    Field("typeId", "crm_status", "Тип компании", "Company type", status_type="COMPANY_TYPE"),
    Field("industry", "crm_status", "Сфера деятельности", "Industry", status_type="INDUSTRY"),
    Field("revenue", "double", "Годовой оборот", "Annual revenue"),
    Field("currencyId", "crm_currency", "Валюта", "Currency"),
    Field("comments", "text", "Комментарий", "Comment"),
    Field("isMyCompany", "boolean", "Моя компания", "My company"),
    Field("categoryId", "crm_category", "Направление", "Pipeline"),
    Field("contactIds", "crm_contact", "Контакты", "Contacts", multiple=True),
    Field("hasPhone", "boolean", "Задан телефон", "Has phone", read_only=True),
    Field("hasEmail", "boolean", "Задан e-mail", "Has e-mail", read_only=True),
    Field("originId", "string", "Идентификатор во внешней системе", "External ID"),
)

CONTACT_FIELDS: tuple[Field, ...] = (
    *_COMMON,
    Field("name", "string", "Имя", "First name"),
    Field("lastName", "string", "Фамилия", "Last name"),
    Field("secondName", "string", "Отчество", "Second name"),
    Field("post", "string", "Должность", "Position"),
    Field("companyId", "crm_company", "Компания", "Company"),
    Field("typeId", "crm_status", "Тип контакта", "Contact type", status_type="CONTACT_TYPE"),
    Field("comments", "text", "Комментарий", "Comment"),
    Field("categoryId", "crm_category", "Направление", "Pipeline"),
    Field("hasPhone", "boolean", "Задан телефон", "Has phone", read_only=True),
    Field("hasEmail", "boolean", "Задан e-mail", "Has e-mail", read_only=True),
    Field("originId", "string", "Идентификатор во внешней системе", "External ID"),
)

DEAL_FIELDS: tuple[Field, ...] = (
    *_COMMON,
    Field("title", "string", "Название", "Name"),
    Field("categoryId", "crm_category", "Воронка", "Pipeline"),
    Field("stageId", "crm_status", "Стадия", "Stage", status_type="DEAL_STAGE"),
    Field("opportunity", "double", "Сумма", "Total"),
    Field("currencyId", "crm_currency", "Валюта", "Currency"),
    Field("companyId", "crm_company", "Компания", "Company"),
    Field("contactId", "crm_contact", "Контакт", "Contact"),
)

ROW_FIELDS: tuple[Field, ...] = (
    Field("id", "integer", "ID", read_only=True),
    Field("ownerId", "integer", "ID владельца", required=True),
    Field("ownerType", "string", "Тип владельца", required=True),
    Field("productId", "integer", "Товар", required=True),
    Field("productName", "string", "Название товара"),
    Field("price", "double", "Цена"),
    Field("priceAccount", "double", "Цена в валюте отчётов", read_only=True),
    Field("priceExclusive", "double", "Цена без налога со скидкой", read_only=True),
    Field("priceNetto", "double", "PRICE_NETTO", read_only=True),
    Field("priceBrutto", "double", "PRICE_BRUTTO", read_only=True),
    Field("quantity", "double", "Количество"),
    Field("discountTypeId", "integer", "Тип скидки"),
    Field("discountRate", "double", "Величина скидки"),
    Field("discountSum", "double", "Сумма скидки"),
    Field("taxRate", "double", "Налог"),
    Field("taxIncluded", "string", "Налог включён в цену"),
    Field("customized", "string", "Изменён"),
    Field("measureCode", "integer", "Код единицы измерения"),
    Field("measureName", "string", "Единица измерения"),
    Field("sort", "integer", "Сортировка"),
    Field("xmlId", "string", "XML_ID"),
    Field("type", "integer", "TYPE", read_only=True),
    Field("storeId", "integer", "STORE_ID", read_only=True),
)

PAYMENT_TYPES: dict[str, str] = {
    "id": "integer",
    "accountNumber": "string",
    "paid": "string",
    "datePaid": "datetime",
    "empPaidId": "integer",
    "paySystemId": "integer",
    "sum": "double",
    "currency": "string",
    "paySystemName": "string",
    "ownerId": "integer",
}
"""``ownerId`` is ours: the invoice; answers leave it out."""

REQUISITE_TYPES: dict[str, str] = {
    "ID": "integer",
    "ENTITY_TYPE_ID": "integer",
    "ENTITY_ID": "integer",
    "PRESET_ID": "integer",
    "DATE_CREATE": "datetime",
    "DATE_MODIFY": "datetime",
    "CREATED_BY_ID": "integer",
    "MODIFY_BY_ID": "integer",
    "NAME": "string",
    "CODE": "string",
    "XML_ID": "string",
    "ORIGINATOR_ID": "string",
    "ACTIVE": "string",
    "ADDRESS_ONLY": "string",
    "SORT": "integer",
    **dict.fromkeys(
        [
            "RQ_NAME",
            "RQ_FIRST_NAME",
            "RQ_LAST_NAME",
            "RQ_SECOND_NAME",
            "RQ_COMPANY_ID",
            "RQ_COMPANY_NAME",
            "RQ_COMPANY_FULL_NAME",
            "RQ_COMPANY_REG_DATE",
            "RQ_DIRECTOR",
            "RQ_ACCOUNTANT",
            "RQ_CEO_NAME",
            "RQ_CEO_WORK_POS",
            "RQ_CONTACT",
            "RQ_EMAIL",
            "RQ_PHONE",
            "RQ_FAX",
            "RQ_IDENT_TYPE",
            "RQ_IDENT_DOC",
            "RQ_IDENT_DOC_SER",
            "RQ_IDENT_DOC_NUM",
            "RQ_IDENT_DOC_PERS_NUM",
            "RQ_IDENT_DOC_DATE",
            "RQ_IDENT_DOC_ISSUED_BY",
            "RQ_IDENT_DOC_DEP_CODE",
            "RQ_INN",
            "RQ_KPP",
            "RQ_USRLE",
            "RQ_IFNS",
            "RQ_OGRN",
            "RQ_OGRNIP",
            "RQ_OKPO",
            "RQ_OKTMO",
            "RQ_OKVED",
            "RQ_EDRPOU",
            "RQ_DRFO",
            "RQ_KBE",
            "RQ_IIN",
            "RQ_BIN",
            "RQ_ST_CERT_SER",
            "RQ_ST_CERT_NUM",
            "RQ_ST_CERT_DATE",
            "RQ_VAT_PAYER",
            "RQ_VAT_ID",
            "RQ_VAT_CERT_SER",
            "RQ_VAT_CERT_NUM",
            "RQ_VAT_CERT_DATE",
            "RQ_RESIDENCE_COUNTRY",
            "RQ_BASE_DOC",
            "RQ_REGON",
            "RQ_KRS",
            "RQ_PESEL",
            "RQ_LEGAL_FORM",
            "RQ_SIRET",
            "RQ_SIREN",
            "RQ_CAPITAL",
            "RQ_RCS",
            "RQ_CNPJ",
            "RQ_STATE_REG",
            "RQ_MNPL_REG",
            "RQ_CPF",
        ],
        "string",
    ),
}

LINK_TYPES: dict[str, str] = dict.fromkeys(
    ("ENTITY_TYPE_ID", "ENTITY_ID", "REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID"),
    "integer",
)

PRESET_TYPES: dict[str, str] = {
    "ID": "integer",
    "ENTITY_TYPE_ID": "integer",
    "COUNTRY_ID": "integer",
    "DATE_CREATE": "datetime",
    "DATE_MODIFY": "datetime",
    "CREATED_BY_ID": "integer",
    "MODIFY_BY_ID": "integer",
    "NAME": "string",
    "XML_ID": "string",
    "ACTIVE": "string",
    "SORT": "integer",
}

STATUS_TYPES: dict[str, str] = {
    "ID": "integer",
    "ENTITY_ID": "string",
    "STATUS_ID": "string",
    "NAME": "string",
    "NAME_INIT": "string",
    "SORT": "integer",
    "SYSTEM": "string",
    "CATEGORY_ID": "integer",
    "COLOR": "string",
    "SEMANTICS": "string",
}
