"""Reports in both ways of fetching: the same files to the byte, and what each costs the portal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bitrix_app.bitrix24.batch import crew
from bitrix_app.errors import (
    AccessDeniedError,
    InvalidArgumentError,
    OverloadLimitError,
    PaymentRequiredError,
    PortalDeletedError,
    UserAccessError,
)
from bitrix_app.reports.exporting import Outcome
from bitrix_app.reports.request import ReportCatalog
from demo_portal import Fault, Portal, a_row
from demo_portal.data.inn import legal_entity_inn
from tests.memory import Scene
from tests.unit.reports.test_workflow import CATALOG, build

PEOPLE = ReportCatalog(fields=CATALOG.fields, stages=CATALOG.stages, knows_users=True)


def mixed(portal: Portal) -> None:
    """A counterparty linked, of the company, of the contact, or none; few rows, many, none; gaps among the ids."""
    crm = portal.crm
    for n in range(1, 121):
        person = crm.add_contact() if n % 10 in {8, 9} else None
        company = None if person else crm.add_company(f"ООО «Фирма {n}»")
        owner = {"contact_id": person} if person else {"company_id": company}
        linked = crm.add_requisite(**owner, inn=legal_entity_inn("7701", n), name=f"ООО «{n}»") if n % 10 != 7 else None
        rows = [a_row(price=f"{n}.{each:02}", rate=22, name=f"Товар {each}") for each in range(n % 7)]
        crm.add_invoice(
            number=f"С-{n}",
            date=None if n == 33 else f"2026-03-{1 + n % 28:02}",
            company_id=company,
            contact_id=person,
            requisite_id=linked if n % 3 else None,
            assigned_by=8 if n % 4 else 1,
            rows=rows * (40 if n == 50 else 1),
        )
        if n % 5 == 0:
            crm.remove_invoice(crm.add_invoice(number="gone", date="2026-03-01"))


def nobody(portal: Portal) -> None:
    """No invoice at all."""


def one(portal: Portal) -> None:
    """A single one."""
    portal.crm.add_invoice(number="1", date="2026-03-05", rows=[a_row(price=1)])


SURVIVED = {
    "dropped": Fault.drop(),
    "502 with a page": Fault.html(502),
    "504 at the time limit": Fault.html(504),
    "half a JSON": Fault.short_json(),
    "QUERY_LIMIT_EXCEEDED": Fault.error("QUERY_LIMIT_EXCEEDED"),
    "OPERATION_TIME_LIMIT": Fault.error("OPERATION_TIME_LIMIT"),
    "expired_token": Fault.error("expired_token"),
}
METHODS = (
    "batch",
    "crm.item.list",
    "crm.requisite.link.list",
    "crm.requisite.list",
    "crm.item.productrow.list",
    "user.get",
)


def plan(portal: Portal, fault: Fault, place: str) -> None:
    """The fault at the first, a middle or the last call or command of every method, as far as they are that many."""
    for method, calls in zip(METHODS, (6, 14, 4, 8, 12, 1), strict=True):
        nth = {"first": 1, "middle": (calls + 1) // 2, "last": calls}[place]
        portal.faults.at(nth, fault, method=method)


def built(fill: Callable[[Portal], None], folder: Path, *, batches: bool, user: str = "admin", **given: Any) -> Outcome:
    scene = Scene()
    fill(scene.portal)
    given.pop("faults", nobody)(scene.portal)
    scene.client = scene.client_of(getattr(scene.portal, user), batches=batches)
    folder.mkdir()
    return build(scene, folder, catalog=PEOPLE, **given)


def digests(outcome: Outcome) -> dict[str, str]:
    """What is in the files, by name; a workbook tells the moment of its writing in a part of its own."""
    found = {each.format: each.path.read_bytes() for each in outcome.files}
    with ZipFile(BytesIO(found.pop("xlsx"))) as workbook:
        found |= {name: workbook.read(name) for name in workbook.namelist() if name != "docProps/core.xml"}
    return {name: sha256(content).hexdigest() for name, content in found.items()}


@pytest.mark.parametrize("detailed", [True, False])
@pytest.mark.parametrize("user", ["admin", "accountant", "manager", "assistant"])
@pytest.mark.parametrize("fill", [mixed, one, nobody])
def test_the_files_are_the_same_to_the_byte(
    fill: Callable[[Portal], None], user: str, detailed: bool, tmp_path: Path
) -> None:
    """Whoever orders the report, whatever their rights."""
    both = [
        built(fill, tmp_path / str(batches), batches=batches, user=user, detailed=detailed) for batches in (False, True)
    ]
    assert digests(both[0]) == digests(both[1])
    assert both[0].summary == both[1].summary


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The report that nothing has disturbed, call by call."""
    return digests(built(mixed, tmp_path_factory.mktemp("quiet") / "files", batches=False))


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("name", SURVIVED)
def test_passing_faults_change_no_byte(name: str, place: str, quiet: dict[str, str], tmp_path: Path) -> None:
    """Of a whole batch and of commands of every method, at the first, a middle and the last of them."""
    faults = partial(plan, fault=SURVIVED[name], place=place)
    assert digests(built(mixed, tmp_path / "files", batches=True, faults=faults)) == quiet


@pytest.mark.parametrize(
    ("error", "method", "raised"),
    [
        ("OVERLOAD_LIMIT", "batch", OverloadLimitError),
        ("PORTAL_DELETED", "batch", PortalDeletedError),
        ("user_access_error", "batch", UserAccessError),
        ("PAYMENT_REQUIRED", "crm.item.list", PaymentRequiredError),
        ("ACCESS_DENIED", "crm.item.list", AccessDeniedError),
        ("OVERLOAD_LIMIT", "crm.requisite.link.list", OverloadLimitError),
        ("INVALID_ARG_VALUE", "crm.requisite.list", InvalidArgumentError),
    ],
)
def test_a_refusal_ends_the_report_at_once(error: str, method: str, raised: type[Exception], tmp_path: Path) -> None:
    """By the tables of plain calls, whether it is said of a command or of the whole."""
    with pytest.raises(raised):
        built(
            mixed,
            tmp_path / "files",
            batches=True,
            faults=lambda portal: portal.faults.always(Fault.error(error), method=method),
        )


def test_where_batch_is_refused_the_report_goes_on(quiet: dict[str, str], tmp_path: Path) -> None:
    """Call by call, to the same files."""
    refused = lambda portal: portal.faults.always(Fault.error("ACCESS_DENIED"), method="batch")  # noqa: E731
    assert digests(built(mixed, tmp_path / "files", batches=True, faults=refused)) == quiet


@pytest.mark.parametrize("lists", ["first", "refused"])
def test_a_manager_whose_rights_do_not_reach_invoice_1(
    lists: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each invoice's rows are a command of their own: a thousand invoices are thirty requests, a few more where threads
    come late to a request that is leaving."""
    monkeypatch.setattr(crew, "GRACE_SECONDS", 30.0)  # however slow the machine

    def own(portal: Portal) -> None:
        portal.behave(owner_lists=lists)
        portal.crm.add_invoice(number="1", date="2026-03-01", assigned_by=1)
        for n in range(1000):
            portal.crm.add_invoice(number=f"С-{n}", date="2026-03-02", assigned_by=8, rows=[a_row(price=n)])

    scene = Scene()
    own(scene.portal)
    scene.client = scene.client_of(scene.portal.manager, batches=True)
    scene.client.learn_owner_lists(answered=False)  # as the estimate before the report does
    outcome = build(scene, tmp_path, detailed=True)
    assert outcome.summary["invoices"] == 1000
    assert len(scene.portal.calls) <= 30 * 1.5
