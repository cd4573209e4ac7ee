"""What a run of the benchmarks shall do: the command line as a frozen value."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PARTS = ("peers", "processing", "memory", "workbook", "page", "beside", "columns")
ALONE = ("morning",)
"""Parts that run only where they are named: they need PostgreSQL and Redis, and an hour."""
WAYS = ("ours", "ours_in_batches", "one_by_one", "with_fast_bitrix24", "with_b24pysdk")
SIZES = (100, 1_000, 10_000)
QUICK_SIZES = (20, 200)
RESULTS = Path(__file__).resolve().parent / "results.md"


@dataclass(frozen=True)
class Options:
    """``sizes``: invoices of part 1; ``rows``: product rows an invoice; ``latency`` and ``execution``: seconds a call
    takes and is said to cost; ``slow``: invoices up to which one call per invoice is measured, beyond that it is
    reckoned; ``large`` and ``middle``: invoices of parts 2, 3, 5 and 7; ``writer``: those of parts 4 and 7;
    ``repeat``: runs of parts 4 and 5; ``probes``: requests to the idle page; ``report``: invoices of part 6, and
    ``openings`` of employees beside its flood; ``portals`` of part 8; ``out``: the file to write, if any."""

    parts: tuple[str, ...] = PARTS
    sizes: tuple[int, ...] = SIZES
    ways: tuple[str, ...] = WAYS
    rows: int = 5
    latency: float = 0.1
    execution: float = 0.02
    slow: int = 1_000
    large: int = 100_000
    middle: int = 10_000
    writer: int = 20_000
    repeat: int = 3
    probes: int = 1_000
    report: int = 1_000
    openings: int = 30
    portals: int = 500
    out: Path | None = None


QUICK = {
    "slow": 20,
    "large": 2_000,
    "middle": 1_000,
    "writer": 2_000,
    "repeat": 1,
    "probes": 200,
    "report": 200,
    "openings": 5,
}


def parsed(arguments: Sequence[str] | None = None) -> Options:
    """The options of a command line."""
    given = _parser().parse_args(arguments)
    chosen = tuple(given.parts) or given.only
    whole = not given.quick and chosen is None and given.sizes is None and given.ways is None
    return Options(
        parts=chosen or PARTS,
        sizes=given.sizes or (QUICK_SIZES if given.quick else SIZES),
        ways=given.ways or WAYS,
        latency=given.latency,
        execution=given.execution,
        portals=given.portals,
        out=given.out or (RESULTS if whole else None),
        **(QUICK if given.quick else {}),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures the app beside others.")
    known = (*PARTS, *ALONE)
    parser.add_argument("parts", nargs="*", choices=(*known, []), metavar="PART", help=f"some of: {', '.join(known)}")
    parser.add_argument("--only", type=_names(known), metavar="PART,…", help="the same in one word")
    parser.add_argument("--sizes", type=_numbers, metavar="N,…", help="invoices of the part `peers`")
    parser.add_argument("--ways", type=_names(WAYS), metavar="WAY,…", help=f"of `peers`: {', '.join(WAYS)}")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds that the portal of `peers` holds a call")
    parser.add_argument("--execution", type=float, default=0.02, help="seconds of work that it says a call cost")
    parser.add_argument("--portals", type=int, default=500, help="of `morning`, whose schedules fall on one moment")
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it runs, not how fast it is")
    parser.add_argument("--out", type=Path, help="the file to write; a whole run writes results.md")
    return parser


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(","))


class _names:  # noqa: N801 - a type for argparse, which shows its name
    def __init__(self, known: Sequence[str]) -> None:
        self._known = known

    def __call__(self, text: str) -> tuple[str, ...]:
        chosen = tuple(text.split(","))
        if unknown := set(chosen) - set(self._known):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
        return chosen
