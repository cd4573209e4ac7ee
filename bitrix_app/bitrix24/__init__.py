"""The portal's REST and the authorization server: transport, manners, words. Imports nothing of ours but ``errors``."""

from bitrix_app.bitrix24.authorization_server import AuthorizationServer
from bitrix_app.bitrix24.client import Bitrix24Client
from bitrix_app.bitrix24.ports import Bucket, CallObserver, StopSignal, TokenSource
from bitrix_app.bitrix24.records import (
    AccessToken,
    Answer,
    CallRecord,
    Page,
    Profile,
    Raw,
    RenewedPair,
    TokenOwner,
    Wait,
)
from bitrix_app.bitrix24.transport import Transport

__all__ = [
    "AccessToken",
    "Answer",
    "AuthorizationServer",
    "Bitrix24Client",
    "Bucket",
    "CallObserver",
    "CallRecord",
    "Page",
    "Profile",
    "Raw",
    "RenewedPair",
    "StopSignal",
    "TokenOwner",
    "TokenSource",
    "Transport",
    "Wait",
]
