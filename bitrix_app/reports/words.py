"""The report's question in words, for the title block of the workbook (Russian, as the workbook is)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bitrix_app.processing import Stage
from bitrix_app.reports.params import ReportParams


def filters_in_words(
    params: ReportParams,
    stages: Mapping[str, Stage],
    *,
    left_out_stages: Collection[str] = (),
    company: str | None = None,
    responsible: str | None = None,
) -> tuple[str, ...]:
    """What narrows the report, a sentence each; empty where nothing does.

    ``left_out_stages`` are those that a report leaves out unless it names its stages. ``company`` and ``responsible``
    are names where they could be looked up; else ids stand for them.
    """
    sentences = (
        params.stages is not None and f"Стадии: {_titles(params.stages, stages)}",
        params.company_id is not None and f"Компания: {company or f'ID {params.company_id}'}",
        params.invoice_id is not None and f"Только счёт с ID {params.invoice_id}",
        params.assigned_by_id is not None and f"Ответственный: {responsible or f'ID {params.assigned_by_id}'}",
        params.currency is not None and f"Валюта: {params.currency}",
        params.paid is not None and ("Только оплаченные" if params.paid else "Только неоплаченные"),
        params.stages is None and _left_out(left_out_stages, stages),  # may be long: what was asked for comes first
    )
    return tuple(sentence for sentence in sentences if sentence)


def undated_in_words(count: int, field_title: str, *, paid_asked: bool = False) -> str:
    """«37 счетов без даты в поле … не попали в отчёт»: such invoices are in no period.

    ``paid_asked``: the report was narrowed to paid or to unpaid invoices. The portal counts both.
    """
    one = count == 1
    both = " (оплачены они или нет, здесь не различается)" if paid_asked else ""
    return (
        f"{count} {_plural(count, 'счёт', 'счёта', 'счетов')} без даты в поле «{field_title}»{both} не "
        f"{_plural(count, 'попал', 'попали', 'попали')} в отчёт: такой счёт нельзя отнести к периоду. "
        f"Заполните поле «{field_title}» в {'карточке этого счёта' if one else 'карточках этих счетов'} "
        "и сформируйте отчёт снова."
    )


def _left_out(ids: Collection[str], stages: Mapping[str, Stage]) -> str:
    in_order = [*(each for each in stages if each in ids), *sorted(set(ids) - stages.keys())]
    return f"Кроме стадий: {_titles(in_order, stages)}" if in_order else ""


def _titles(ids: Collection[str], stages: Mapping[str, Stage]) -> str:
    return ", ".join(dict.fromkeys(stages[each].title if each in stages else each for each in ids))


def _plural(count: int, one: str, few: str, many: str) -> str:
    if count % 10 == 1 and count % 100 != 11:
        return one
    return few if count % 10 in {2, 3, 4} and count % 100 not in {12, 13, 14} else many
