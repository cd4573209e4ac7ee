"""What the robot gives back to the portal's process; reasons in Russian, for a process has no language, the line of the
result in the report's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bitrix_app.jobs.delivery import in_one_line
from bitrix_app.storage import ReportRecord

DONE, FAILED = "done", "failed"
OF_SETTINGS: Mapping[str, str] = {
    "set_not_chosen": "В настройках робота не выбран набор условий",
    "set_gone": "Набора условий «{name}» больше нет среди общих: выберите другой в настройках робота",
    "target_unknown": "В настройках робота указано неизвестное место отправки «{name}»",
    "chat_not_chosen": "В настройках робота не указан чат, в который отправить файл (вида chat42)",
    "folder_not_chosen": "В настройках робота не указан номер папки Диска, в которую отправить файл",
}
REASONS: Mapping[str, str] = {
    "not_allowed_to_build": "Сотруднику, от имени которого работает робот, администратор не разрешил строить отчёты",
    "user_access_error": "У сотрудника, от имени которого работает робот, нет доступа к приложению, или он уволен",
    "invalid_grant": "Доступ сотрудника, от имени которого работает робот, истёк: пусть он откроет приложение",
    "insufficient_scope": "Порталом не выдано право, нужное отчёту: добавьте его в карточке приложения",
    "access_denied": "У сотрудника, от имени которого работает робот, нет права читать счета",
    "portal_quota": "Место для готовых отчётов портала заполнено: удалите ненужные отчёты",
    "cancelled": "Отчёт отменён в приложении",
    "report_deleted": "Отчёт удалён в приложении",
    "robot_too_late": "За сутки отчёт так и не удалось начать: портал или сервер авторизации не отвечали",
}
SCOPE_MISSING = "Порталом не выдано право «{scope}»: без него отчёт туда не отправить"
OUTDATED = "Набор условий «{name}» больше не подходит порталу: откройте его в приложении и сохраните заново ({fields})"
OTHERWISE = "Отчёт не построен ({code}). Причина и что делать сказаны в приложении"


def built(report: ReportRecord, link: str) -> dict[str, Any]:
    """The results of a finished report by their names in the robot. The sum is that of the first currency; of
    receivables, what is owed."""
    summary = report.summary or {}
    debts = summary.get("receivables")
    totals = debts if debts is not None else summary.get("totals") or []
    first = totals[0] if totals else {}
    return {
        "status": DONE,
        "invoices": int(summary.get("invoices") or 0),
        "sum": str(first.get("total" if debts is not None else "amount") or "0.00"),
        "currency": str(first.get("currency") or ""),
        "sums": in_one_line(report),
        "link": link,
        "error": "",
    }


def not_built(code: str, params: Mapping[str, Any], link: str = "") -> dict[str, Any]:
    """The results where there is no report: the reason of this error code."""
    return {"status": FAILED, "invoices": 0, "sum": "0.00", "link": link, "error": reason(code, params)}


def reason(code: str, params: Mapping[str, Any]) -> str:
    """Why there is no report, and what to do."""
    if code == "robot_settings":
        return OF_SETTINGS[params["reason"]].format(name=params.get("name", ""))
    if code == "scope_not_granted":
        return SCOPE_MISSING.format(scope=params["scope"])
    if code == "set_outdated":
        return OUTDATED.format(name=params["name"], fields=params["fields"])
    return REASONS.get(code, OTHERWISE.format(code=code))
