"""The files of deploy/ as the programs that read them judge them, and what containers may do."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bitrix_app.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SITE, HTTPS = DEPLOY / "nginx" / "invoice-register.conf", DEPLOY / "nginx" / "invoice-register-https.conf"
ALIVE = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
"""What PostgreSQL's image needs to become its own user."""

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx") or ""

with_nginx = pytest.mark.skipif(not NGINX, reason="LEFT OUT: nginx is not installed")
with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="LEFT OUT: systemd-analyze is not installed"
)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


# --- nginx


def laid(file: Path, folder: Path) -> str:
    """A site's text with its files and sockets in a folder of the test's."""
    text = file.read_text(encoding="utf-8").replace("/etc/letsencrypt/live/invoices.example.ru", str(folder))
    text = text.replace("/var/log/nginx", str(folder)).replace("/etc/nginx/invoice-register", str(folder / "sites"))
    return re.sub(r"listen (?:\[::\]:)?(?:80|443)\b", lambda found: f"listen unix:{folder}/{found.start()}.sock", text)


def judged(folder: Path) -> str:
    """What ``nginx -t`` says of the site; fails where it does not pass."""
    (folder / "site.conf").write_text(laid(SITE, folder))
    top = f"pid {folder}/pid; events {{}} http {{ access_log off; include {folder}/site.conf; }}"
    (folder / "nginx.conf").write_text(top)
    command = [NGINX, "-t", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr


def certify(folder: Path) -> None:
    """A certificate and its key, as the authority's client lays them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "invoices.example.ru")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = made.not_valid_before(start).not_valid_after(start + timedelta(days=9)).sign(key, hashes.SHA256())
    (folder / "fullchain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    (folder / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, plain[1], plain[0]))


@with_nginx
def test_the_site_passes_before_there_is_a_certificate(tmp_path: Path) -> None:
    """Without it there would be none: the authority asks over port 80."""
    assert "successful" in judged(tmp_path)


@with_nginx
def test_the_site_passes_with_its_certificate(tmp_path: Path) -> None:
    certify(tmp_path)
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / HTTPS.name).write_text(laid(HTTPS, tmp_path))
    assert "successful" in judged(tmp_path)


def test_old_ways_of_tls_are_off() -> None:
    """TLS 1.2 with ephemeral keys and authenticated ciphers, and 1.3, which has nothing else."""
    text = HTTPS.read_text(encoding="utf-8")
    assert re.findall(r"ssl_protocols (.+);", text) == ["TLSv1.2 TLSv1.3"]
    ciphers = re.findall(r"ssl_ciphers (\S+);", text)[0].split(":")
    assert all(re.fullmatch(r"ECDHE-.+-(GCM-SHA\d+|CHACHA20-POLY1305)", each) for each in ciphers)


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics/x"])
def test_figures_are_hidden_in_every_spelling(path: str) -> None:
    hidden = re.findall(r"location ~ (\S+) \{\s+return 404;", HTTPS.read_text(encoding="utf-8"))
    assert any(re.search(each, path) for each in hidden)


def test_events_have_a_zone_of_their_own() -> None:
    """All portals' events come from the same few addresses: what others do must not count against them."""
    text = HTTPS.read_text(encoding="utf-8")
    zones = dict(re.findall(r"location (?:~ )?(\S+) \{\s+limit_req zone=(\w+) ", text))
    events = [zone for place, zone in zones.items() if "events" in place]
    assert len(events) == 1
    assert len(set(zones.values())) == len(zones) == 4
    assert {"/api/", "/downloads/"} <= set(zones)
    assert set(zones.values()) == set(re.findall(r"zone=(\w+):", SITE.read_text(encoding="utf-8")))


# --- systemd


@with_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_understood_and_gives_away_little(unit: Path, tmp_path: Path) -> None:
    """No line is misspelt; the exposure that systemd reckons, of 100, stays low."""
    text = unit.read_text(encoding="utf-8")
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"=/opt/invoice-register/\.venv\S*", "=/bin/true", text))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False, timeout=60
    )
    assert unit.name.partition(".")[0].rstrip("@") not in verified.stderr, verified.stderr
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(copy)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert judged.returncode == 0, judged.stdout[-300:] + judged.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_ends_before_the_machine_does_and_reads_secrets_as_a_credential(unit: Path) -> None:
    values = dict(re.findall(r"^([A-Za-z]+)=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE))
    assert values["IPAddressDeny"] == "169.254.0.0/16"
    assert values["LoadCredential"].startswith("secrets:")
    assert int(values["TasksMax"]) > 4 * load_settings_threads()
    assert values["MemoryMax"] in {"1G", "2G"}


def load_settings_threads() -> int:
    """The default number of a web process's threads."""
    needed = {"BITRIX_CLIENT_ID": "x", "BITRIX_CLIENT_SECRET": "x", "APP_URL": "https://example.ru"}
    return load_settings({**needed, "SECRET_KEY": "long enough to be no weak secret"}, None).web_threads


# --- containers


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_a_container_may_do_and_take_little(name: str) -> None:
    service = compose()["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", ())) <= (ALIVE if name == "db" else set())
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]


def test_database_and_queue_are_reached_from_inside_alone() -> None:
    """They have no way out, publish nothing, and want a password."""
    laid_out = compose()
    assert laid_out["networks"]["inside"] == {"internal": True}
    for name in ("db", "redis"):
        assert laid_out["services"][name]["networks"] == ["inside"]
        assert "ports" not in laid_out["services"][name]
    assert "requirepass" in laid_out["services"]["redis"]["command"][-1]
    assert "REDIS_PASSWORD" in laid_out["x-app"]["environment"]["QUEUE_URL"]


def test_images_are_named_by_digest() -> None:
    """A tag may be moved to another image."""
    images = [each["image"] for each in compose()["services"].values() if "build" not in each]
    images += re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(images) == 4
    assert all(re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", each) for each in images)


def test_a_scaled_set_up_checks_the_certificates_of_database_and_queue() -> None:
    text = (DEPLOY / "scaled.env.example").read_text(encoding="utf-8")
    assert re.search(r"^DATABASE_URL=postgresql://.*sslmode=verify-full", text, re.MULTILINE)
    assert re.search(r"^QUEUE_URL=rediss://", text, re.MULTILINE)
