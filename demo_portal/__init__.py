"""A small, honest Bitrix24 over HTTP: for the demo, the tests and the benchmarks. See README.md here.

The application never imports it, and it never imports the application.
"""

from demo_portal.clock import ManualClock
from demo_portal.crm.builders import a_company, a_contact, a_link, a_requisite, a_row, an_invoice
from demo_portal.crm.fields import PAID, SHIPPED
from demo_portal.errors import PortalFault
from demo_portal.faults import Fault
from demo_portal.people import App, User
from demo_portal.portal import Portal
from demo_portal.server.tokens import TokenPair
from demo_portal.ways import Ways
from demo_portal.world import DemoWorld

__all__ = [
    "PAID",
    "SHIPPED",
    "App",
    "DemoWorld",
    "Fault",
    "ManualClock",
    "Portal",
    "PortalFault",
    "TokenPair",
    "User",
    "Ways",
    "a_company",
    "a_contact",
    "a_link",
    "a_requisite",
    "a_row",
    "an_invoice",
]
