"""The portal's REST and the authorization server: transport, session, methods."""

from bitrix_app.bitrix24.addresses import reachable, refused_addresses
from bitrix_app.bitrix24.authorization_server import AuthorizationServer
from bitrix_app.bitrix24.client import Bitrix24Client
from bitrix_app.bitrix24.crm import INVOICE
from bitrix_app.bitrix24.habits import (
    TRIED,
    Habits,
    Spelling,
    Spellings,
    Written,
    name_in,
    needs_spelling,
    written,
)
from bitrix_app.bitrix24.parsing import PAGE, whole
from bitrix_app.bitrix24.questions import Question
from bitrix_app.bitrix24.transport import Transport
from bitrix_app.bitrix24.types import (
    AccessToken,
    Answer,
    Bucket,
    CallObserver,
    CallRecord,
    Page,
    Profile,
    Raw,
    RenewedPair,
    StopSignal,
    TokenOwner,
    TokenSource,
    Told,
    Wait,
)

__all__ = [
    "INVOICE",
    "PAGE",
    "TRIED",
    "AccessToken",
    "Answer",
    "AuthorizationServer",
    "Bitrix24Client",
    "Bucket",
    "CallObserver",
    "CallRecord",
    "Habits",
    "Page",
    "Profile",
    "Question",
    "Raw",
    "RenewedPair",
    "Spelling",
    "Spellings",
    "StopSignal",
    "TokenOwner",
    "TokenSource",
    "Told",
    "Transport",
    "Wait",
    "Written",
    "name_in",
    "needs_spelling",
    "reachable",
    "refused_addresses",
    "whole",
    "written",
]
