"""Sample data fit to be shown: nothing odd in it, and in English where the picture is.

The demo portal's sample holds what tests look for (a company named ``=2+2``); the Market wants data as a company has
them, all invented (common-requirements.md, 1.B, 11 and 2).
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import cycle

from demo_portal.data import names
from demo_portal.data.payments import PAID_AMOUNT
from demo_portal.people import Department
from demo_portal.portal import Portal

ODD = re.compile(r"Без реквизитов|Опечатка|Недописка|Пробел|Эмодзи|^=")
INSTEAD = ("ООО «Южный порт»", "ООО «Формат»", "АО «Невский завод»", "ООО «Линия света»", "ООО «Дом книги»")
COMPANIES = (
    "Amber Bridge", "Northern Wind", "Technoserve", "Southside Construction", "Alpha Logistics", "MedTech Plus",
    "Granite", "Vector Supply", "Industrial Goods", "Forest Yard", "Cascade", "Agropartner", "Baltic Shore",
    "Engineering Systems", "Homebuilders", "New Town", "Bread House", "Imprint Press", "Switchboard",
    "World of Furniture", "River Port", "Clean House", "Delta Software", "Horizon", "Five Corners",
    "Highland Stone", "Cedar", "Milky Rivers", "Containers & Co", "Office and Order", "Bright Way", "Surf",
    "Meridian", "Key Solutions", "Sunny Gardens", "Arctic Trade", "Riverside Textiles", "Assembly Point",
    "Warm Floors", "Brickworks", "Harvest", "Lighthouse", "Blue Anchor", "Silver Birch", "Old Mill",
)  # fmt: skip
SURNAMES = (
    "Miller", "Fischer", "Novak", "Larsen", "Keller", "Brown", "Walsh", "Meyer", "Hansen", "Carter", "Lindberg",
    "Moore", "Becker", "Foster", "Jensen", "Palmer", "Roth", "Turner", "Weber", "Young",
)  # fmt: skip
FIRST_NAMES = ("Anna", "Thomas", "Julia", "Martin", "Laura", "Peter", "Emma", "Daniel", "Clara", "Paul", "Nina")
GOODS = (
    "Circulation pump 25/60", "Cable 3×2.5", "Distribution board, 24 modules", "LED lamp 36 W",
    "Polypropylene pipe 25 mm", "Installation of equipment", "Commissioning", "Office paper A4",
    "Office chair “Comfort”", "Facade paint, white", "Cement", "Delivery to the buyer's store",
    "Technical support, month", "Milk 2.5 %", "Wheat flour", "Sunflower oil", "Construction set “City”",
    "Export of timber", "Licence of the program “Ledger”", "Training of employees",
)  # fmt: skip
UNITS = {
    "шт": "pcs",
    "м": "m",
    "усл. ед": "unit",
    "ч": "h",
    "упак": "pack",
    "л": "l",
    "т": "t",
    "мес": "month",
    "кг": "kg",
    "м3": "m3",
}
STAGES = {
    "DT31_2:N": "New", "DT31_2:S": "Sent to client", "DT31_2:1": "Paid in part", "DT31_2:P": "Paid",
    "DT31_2:D": "Unpaid", "DT31_7:N": "To be issued", "DT31_7:S": "Issued", "DT31_7:P": "Closed by payment",
    "DT31_7:D": "Cancelled", "DT31_7:D2": "Written off",
}  # fmt: skip
PEOPLE = {
    1: ("Olivia", "Smith", "Director"),
    5: ("Maria", "Kent", "Chief accountant"),
    8: ("Alex", "Woods", "Sales manager"),
    12: ("Irene", "Bell", "Sales assistant"),
}
CURRENCIES = {"RUB": "EUR", "EUR": "USD", "USD": "USD", "KZT": "GBP"}
TITLE, APP_TITLE = "Harbour Trade", "Invoice register"


def furnish(portal: Portal, lang: str) -> None:
    """Makes the portal's sample data fit for a picture in this language."""
    instead = cycle(INSTEAD)
    for company in portal.crm.companies:
        if ODD.search(company["title"]):
            _rename(portal, company["id"], next(instead))
    for row in portal.crm.rows:
        if row["productName"].startswith(("@", "-")):
            portal.crm.rows.remove(row["id"])
    portal.collaboration.storages.clear()
    if lang == "en":
        _speak_english(portal)


def _rename(portal: Portal, company_id: int, title: str) -> None:
    portal.crm.companies.change(company_id, title=title)
    for each in portal.crm.requisites.with_value("ENTITY_ID", company_id):
        if each["ENTITY_TYPE_ID"] == 4:
            portal.crm.requisites.change(each["ID"], RQ_COMPANY_NAME=title, RQ_COMPANY_FULL_NAME=title)


def _speak_english(portal: Portal) -> None:
    """Companies, people, goods, stages, fields; euros for roubles; requisites of a country with VAT numbers."""
    _clients(portal)
    _sales(portal)
    portal.title, portal.crm.language = TITLE, "en"
    portal.world.app = replace(portal.world.app, title=APP_TITLE)
    portal.world.apps[portal.world.app.client_id] = portal.world.app
    for user_id, (name, surname, position) in PEOPLE.items():
        user = portal.users[user_id]
        user.name, user.last_name, user.second_name, user.position = name, surname, "", position
    portal.departments = [Department(1, TITLE, head=1), Department(2, "Accounting", 1, 5), Department(3, "Sales", 1)]
    for chat, title in zip(portal.collaboration.chats.values(), ("Accounting", "Sales"), strict=True):
        chat.title = title


def _clients(portal: Portal) -> None:
    crm, titles, surnames = portal.crm, cycle(COMPANIES), cycle(SURNAMES)
    company_preset, person_preset = portal.settle_in("de")
    for place, contact in enumerate(crm.contacts):
        crm.contacts.change(
            contact["id"], name=FIRST_NAMES[place % len(FIRST_NAMES)], lastName=next(surnames), secondName=None
        )
    for place, company in enumerate(crm.companies):
        own = company["isMyCompany"] == "Y"
        title = (TITLE, f"{TITLE} Service")[place % 2] if own else next(titles)
        _rename(portal, company["id"], f"{title} GmbH")
    for requisite in crm.requisites:
        is_company = requisite["ENTITY_TYPE_ID"] == 4
        contact = crm.contacts.get(requisite["ENTITY_ID"]) if not is_company else None
        crm.requisites.change(
            requisite["ID"],
            PRESET_ID=company_preset if is_company else person_preset,
            NAME="Details",
            RQ_NAME=f"{contact['name']} {contact['lastName']}" if contact else None,
            RQ_FIRST_NAME=contact["name"] if contact else None,
            RQ_LAST_NAME=contact["lastName"] if contact else None,
            RQ_SECOND_NAME=None,
            RQ_VAT_ID=f"DE{811000000 + 7919 * requisite['ID']}" if requisite["RQ_INN"] else None,
            RQ_INN=None,
            RQ_KPP=None,
        )
    for deal in crm.deals:
        crm.deals.change(deal["id"], title=f"Delivery {deal['id']}", currencyId="EUR")


def _sales(portal: Portal) -> None:
    crm = portal.crm
    goods = {known[0]: ours for known, ours in zip(names.GOODS, GOODS, strict=True)}
    for row in crm.rows:
        crm.rows.change(
            row["id"],
            productName=goods.get(row["productName"], GOODS[row["id"] % len(GOODS)]),
            measureName=UNITS.get(row["measureName"], "pcs"),
        )
    for invoice in crm.invoices:
        number = str(invoice["accountNumber"] or "").replace("С-", "S-")
        amount, _, currency = str(invoice.get(PAID_AMOUNT) or "").partition("|")
        crm.invoices.change(
            invoice["id"],
            accountNumber=number,
            title=f"Invoice {number}",
            currencyId=CURRENCIES[invoice["currencyId"]],
            **{PAID_AMOUNT: f"{amount}|{CURRENCIES[currency]}" if currency else None},
        )
    for payment in crm.payments:
        crm.payments.change(payment["id"], currency=CURRENCIES[payment["currency"]], paySystemName="Bank transfer")
    for stage in crm.statuses:
        crm.statuses.change(stage["ID"], NAME=STAGES.get(stage["STATUS_ID"], stage["STATUS_ID"]), NAME_INIT="")
    for category, name in zip(crm.categories, ("Invoices", "Subscriptions"), strict=True):
        category["name"] = name
    crm.add_currency("GBP")
    kept = {"EUR": "Euro", "USD": "US dollar", "GBP": "Pound sterling"}
    crm.currencies = [
        {**each, "FULL_NAME": kept[each["CURRENCY"]]} for each in crm.currencies if each["CURRENCY"] in kept
    ]
    crm.custom_fields = [replace(each, title_en=each.title_en or "Paid amount") for each in crm.custom_fields]
