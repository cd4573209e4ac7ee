"""First storey: one REST call over HTTP. Says "this answer" or "no answer", and judges nothing.

Sources: ``settings/how-to-call-rest-api``, ``settings/how-to-call-rest-api/change-domen`` (redirects), ``limits``
(a call may take the portal 60 s).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from bitrix_app.bitrix24.addresses import AddressRefusedError, Network, checked_endpoint, reachable
from bitrix_app.bitrix24.http import HttpClient, Limits, NoAnswerError, OversizedError
from bitrix_app.bitrix24.parsing import DROPPED, NotJsonError, UnsafeJsonError, parse_json
from bitrix_app.bitrix24.types import AccessToken
from bitrix_app.errors import UnexpectedAnswerError

MAX_BYTES = 4 * 2**20
"""A page of 50 records is some 50 KB; a parsed body takes up to twenty times its size in memory."""

_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "bitrix-invoice-register",
}


class Failure(Enum):
    """Why an exchange has no body that could be looked at."""

    NO_ANSWER = auto()
    NOT_JSON = auto()
    MOVED = auto()
    UNSAFE = auto()
    ADDRESS_REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came back for one call: a ``body`` (parsed JSON), or a ``failure``. ``status`` None: nothing came.

    ``duration`` in seconds; ``received_bytes`` after decompression.
    """

    method: str
    status: int | None
    body: Any = field(default=None, repr=False)
    failure: Failure | None = None
    duration: float = 0.0
    sent_bytes: int = 0
    received_bytes: int = 0
    request_id: str = ""


class Transport:
    """Posts JSON to portals, with the access token in the body. Safe to use from several threads and for many
    portals; close it when done.

    ``read_timeout`` limits the silence between two bytes, ``total_timeout`` a whole call, both in seconds. Plain
    http is refused unless ``allow_http``. ``ca_bundle``: a PEM file of authorities to trust beside the public ones.
    ``networks``: where portals may stand besides public addresses; empty with ``allow_http``: on this machine.
    """

    def __init__(
        self,
        *,
        allow_http: bool = False,
        connect_timeout: float = 5.0,
        read_timeout: float = 65.0,
        total_timeout: float = 120.0,
        max_bytes: int = MAX_BYTES,
        ca_bundle: str = "",
        networks: Collection[Network] = (),
    ) -> None:
        self._allow_http = allow_http
        limits = Limits(connect=connect_timeout, read=read_timeout, total=total_timeout, max_bytes=max_bytes)
        self._http = HttpClient(
            limits, hosts=64, ca_bundle=ca_bundle, networks=reachable(networks, allow_http=allow_http)
        )

    def send(
        self,
        token: AccessToken,
        method: str,
        params: Mapping[str, Any],
        watch: Callable[[], None] | None = None,
    ) -> Exchange:
        """One call of ``method``. ``watch`` is called about twice a second meanwhile; what it raises ends the call.

        Raises UnexpectedAnswerError when the token's address is not one to send a token to.
        """
        address = f"{self._checked(token.client_endpoint, method)}{method}"
        request_id = uuid.uuid4().hex
        body = json.dumps({**params, "auth": token.value}, ensure_ascii=False).encode("utf-8", "replace")
        started = time.monotonic()
        status, content, failure = self._post(address, body, request_id, watch)
        parsed, failure = (None, failure) if failure else _read(content, token)
        return Exchange(
            method=method,
            status=status,
            body=parsed,
            failure=failure,
            duration=time.monotonic() - started,
            sent_bytes=len(body),
            received_bytes=len(content),
            request_id=request_id,
        )

    def close(self) -> None:
        """Closes the kept connections."""
        self._http.close()

    def _post(
        self, address: str, body: bytes, request_id: str, watch: Callable[[], None] | None
    ) -> tuple[int | None, bytes, Failure | None]:
        headers = {**_HEADERS, "X-Request-ID": request_id}
        try:
            response = self._http.request("POST", address, headers=headers, body=body, watch=watch)
        except NoAnswerError:
            return None, b"", Failure.NO_ANSWER
        except OversizedError:
            return None, b"", Failure.UNSAFE
        except AddressRefusedError:
            return None, b"", Failure.ADDRESS_REFUSED
        moved = 300 <= response.status < 400
        return response.status, response.content, Failure.MOVED if moved else None

    def _checked(self, endpoint: str, method: str) -> str:
        try:
            return checked_endpoint(endpoint, allow_http=self._allow_http)
        except ValueError as error:
            raise UnexpectedAnswerError(f"{method}: {error}", method=method) from None


def _read(content: bytes, token: AccessToken) -> tuple[Any, Failure | None]:
    try:
        body = parse_json(content, surrogates=DROPPED)
    except NotJsonError:
        return None, Failure.NOT_JSON
    except UnsafeJsonError:
        return None, Failure.UNSAFE
    if isinstance(body, dict) and token.value and token.value in str(body.get("error", "")):
        return None, Failure.UNSAFE  # error codes go into logs: no portal may put our token there
    return body, None
