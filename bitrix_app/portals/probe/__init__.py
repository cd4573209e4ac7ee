"""Probing a portal: what is asked, what follows from the answers, and how it runs within a page's time."""

from bitrix_app.portals.probe.inquiries import Sample, inquiries, read_sample, shape_of
from bitrix_app.portals.probe.rows import Outcome, Row, Way
from bitrix_app.portals.probe.running import MOST_REQUESTS, Meter, Probe, Step, heading, run

__all__ = [
    "MOST_REQUESTS",
    "Meter",
    "Outcome",
    "Probe",
    "Row",
    "Sample",
    "Step",
    "Way",
    "heading",
    "inquiries",
    "read_sample",
    "run",
    "shape_of",
]
