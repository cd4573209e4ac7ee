"""The same promises over TLS, which is how portals are really called."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from bitrix_app.bitrix24 import AccessToken, AuthorizationServer, Transport
from bitrix_app.bitrix24.addresses import LOOPBACK
from bitrix_app.bitrix24.http import _trusting
from bitrix_app.bitrix24.transport import Exchange, Failure
from bitrix_app.errors import AuthorizationServerUnavailableError
from bitrix_app.settings import Settings
from bitrix_app.wiring import build_services
from tests.client.raw_server import RawServer, Script, answer, drips, says


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class SecureServer(RawServer):
    """A RawServer behind TLS."""

    def __init__(self, script: Script, certificate: Path) -> None:
        super().__init__(script)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self.root = self.root.replace("http://", "https://")

    def _serve(self, connection: socket.socket) -> None:
        try:
            secured = self._context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        self._open.append(secured)
        super()._serve(secured)


def call(transport: Transport, server: RawServer) -> Exchange:
    return transport.send(AccessToken("secret-token", f"{server.root}rest/"), "profile", {})


def test_connections_are_kept_alive_over_tls(certificate: Path, transport: Transport) -> None:
    """One handshake serves many calls."""
    transport._http._session.verify = str(certificate)
    with SecureServer(says(answer(b'{"result": 1}'), keep=True), certificate) as server:
        assert [call(transport, server).body for _ in range(5)] == [{"result": 1}] * 5
        assert server.connections == 1


def test_a_dripping_answer_ends_at_the_total_time_over_tls(certificate: Path) -> None:
    """The deadline holds inside TLS too."""
    transport = Transport(total_timeout=0.7, networks=LOOPBACK)
    transport._http._session.verify = str(certificate)
    with SecureServer(drips(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" ", 0.05), certificate) as server:
        exchange = call(transport, server)
    transport.close()

    assert exchange.failure is Failure.NO_ANSWER


def test_a_slow_answer_is_waited_for_over_tls(certificate: Path, transport: Transport) -> None:
    """Looking at the deadline twice a second does not break an answer that takes longer than that."""

    def late(connection: socket.socket, over: threading.Event) -> bool:
        over.wait(1.2)
        connection.sendall(answer(b'{"result": "late"}'))
        return False

    transport._http._session.verify = str(certificate)
    with SecureServer(late, certificate) as server:
        assert call(transport, server).body == {"result": "late"}


def test_a_private_authority_is_trusted_beside_the_public_ones(certificate: Path) -> None:
    """A self-hosted portal may have its certificate from an authority of its own; the authorization server has not."""
    transport = Transport(ca_bundle=str(certificate), networks=LOOPBACK)
    with SecureServer(says(answer(b'{"result": 1}')), certificate) as server:
        assert call(transport, server).body == {"result": 1}
    transport.close()
    public, both = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH), _trusting(str(certificate))
    assert both is not None
    assert both.cert_store_stats()["x509_ca"] == public.cert_store_stats()["x509_ca"] + 1
    assert both.check_hostname
    assert both.verify_mode is ssl.CERT_REQUIRED


def test_the_authorization_server_may_have_a_private_authority_too(certificate: Path) -> None:
    """A local stand-in, or a proxy that opens TLS."""
    with SecureServer(says(answer(b"{}")), certificate) as secure:
        options = {"roots": (secure.root,), "client_id": "local.1", "client_secret": "s3cret"}
        with closing(AuthorizationServer(**options)) as strange, pytest.raises(AuthorizationServerUnavailableError):
            strange.ping(secure.root)
        with closing(AuthorizationServer(**options, ca_bundle=str(certificate))) as known:
            assert known.ping(secure.root).status == 200


def test_whatever_the_app_calls_is_called_with_that_trust(certificate: Path, tmp_path: Path) -> None:
    """CA_BUNDLE reaches the connections to portals, background and interactive, and to the authorization server."""
    services = build_services(
        Settings(
            client_id="local.1",
            client_secret="s3cret",
            app_url="https://app.example",
            secret_keys=("k3y",),
            database_url=f"sqlite:///{tmp_path}/app.db",
            queue_url=f"sqlite:///{tmp_path}/queue.db",
            reports_dir=str(tmp_path / "reports"),
            ca_bundle=str(certificate),
            portal_networks=LOOPBACK,
        )
    )
    clients = [each._http for each in services.closers if hasattr(each, "_http")]
    assert len(clients) == 3
    with SecureServer(says(answer(b"{}"), keep=True), certificate) as server:
        assert [http.request("GET", server.root, headers={}).status for http in clients] == [200, 200, 200]
    services.close()


def test_a_certificate_that_nobody_vouches_for_gets_no_token(certificate: Path, transport: Transport) -> None:
    """Without a certificate that is trusted nothing is sent."""
    with SecureServer(says(answer(b'{"result": 1}')), certificate) as server:
        assert call(transport, server).failure is Failure.NO_ANSWER
        assert server.requests == []
