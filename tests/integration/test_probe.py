"""The probe of a portal over HTTP: the operator's command, and the page's steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitrix_app.__main__ import main
from demo_portal import a_row
from tests.integration.house import open_house
from tests.kept import kept_in


def test_the_command_prints_what_the_portal_answered_and_names_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    database_url = f"sqlite:///{tmp_path}/app.db"
    with open_house(tmp_path, database_url) as house:
        house.services.database.migrate()
        portal = house.portal()
        portal.crm.add_invoice(company_id=portal.crm.add_company("ООО «Тайна»"), rows=[a_row(name="Секрет")])
        given = {**house.world.environment(), "SECRET_KEY": "a key for tests that is long enough", **kept_in(tmp_path)}
        for name, value in {**given, "DATABASE_URL": database_url}.items():
            monkeypatch.setenv(name, value)
        portal.bucket.enabled = False
        portal.calls.clear()
        assert main(["probe", portal.member_id]) == 0
        said = capsys.readouterr().out
        assert "authorization server: another" in said
        assert "crm.item.productrow.list | list of owners | 200" in said
        assert f"Requests: {len(portal.calls)}." in said
        assert [each for each in (portal.domain, portal.member_id, "Тайна", "Секрет") if each in said] == []
        assert main(["probe", "nobody"]) == 1
