"""The documents and deployment files say what is true: settings, links, targets, commands, codes, words of the page."""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from babel.messages.pofile import read_po

from app import ANSWER_SECONDS
from bitrix_app.__main__ import parser
from bitrix_app.jobs import FORMATS
from bitrix_app.portals.embedding import TITLE_RU
from bitrix_app.settings import REQUIRED, Settings, load_settings
from bitrix_app.web.messages import MESSAGES
from bitrix_app.web.schemas import FORM_BYTES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FOR_OPERATORS = ("README.md", "README.ru.md", "install.md", "SECURITY.md", "docs/operations.md", "docs/privacy.md")
ENV_FILES = (".env.example", *(f"deploy/{name}.env.example" for name in ("embedded", "scaled", "compose")))
WITH_CREDENTIAL = ("deploy/embedded.env.example", "deploy/scaled.env.example")
"""Their secrets stand in a file of their own, which systemd hands over."""
UNITS = sorted(path.name for path in (DEPLOY / "systemd").glob("*.service"))
NOT_OURS = {
    "AWS_ACCESS_KEY_ID",  # the S3 client's
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_SECRET_ACCESS_KEY",
    "REDIS_PASSWORD",  # compose's
    "REDISCLI_AUTH",  # the client's of Redis
    "CREDENTIALS_DIRECTORY",  # systemd's
    "POSTGRES_DB",  # the database image's
    "POSTGRES_PASSWORD",
    "POSTGRES_USER",
    "WEB_CONCURRENCY",  # gunicorn's
    "PROMETHEUS_MULTIPROC_DIR",  # the metrics library's
    "PIP_DISABLE_PIP_VERSION_CHECK",  # pip's
    "PIP_NO_CACHE_DIR",
    "SERVER_ENDPOINT",  # a field of the portal's form
    "ADDRESS_OF_THIS_REPOSITORY",  # for the reader to fill in
    "MEMBER_ID",
    "USER_ID",
    "DAC_OVERRIDE",  # Linux' capability
    "AF_INET",  # systemd's
    "AF_INET6",
    "AF_UNIX",
}
STRONG = "filled-in-with-a-long-random-text"
OF_THE_PAGE = {"install_finish"}  # a code that the installation page makes itself
SETTING = re.compile(r"(?<![A-Za-z0-9_$*-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![A-Za-z0-9_*-])")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
TABLE_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| ([^|]+) \|", re.MULTILINE)


class Asked(dict[str, str]):
    """An environment that notes what is asked of it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return super().get(key, default)


def minimal() -> dict[str, str]:
    """The required settings."""
    return {**dict.fromkeys(REQUIRED, "x"), "APP_URL": "https://example.ru", "SECRET_KEY": STRONG}


def settings_read() -> set[str]:
    """The names of all settings that settings.py reads."""
    environ = Asked(minimal())
    load_settings(environ, None)
    return environ.names


def text(name: str) -> str:
    """A file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def documents() -> list[str]:
    """All Markdown of the repository, without what is installed or made."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = listed.stdout.split() if listed.returncode == 0 else [path.name for path in ROOT.glob("*.md")]
    return sorted(name for name in found if (ROOT / name).is_file())


def anchors(document: str) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", document, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def deployed() -> Iterator[Path]:
    """The files under deploy/."""
    return (path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)


# --- settings


def test_the_table_of_settings_is_whole_and_its_defaults_are_true() -> None:
    """Every setting has its row, no row is invented, and each default is the one that the code uses."""
    rows = rows_of("docs/operations.md", "Settings")
    assert sorted(name for name, _ in rows) == sorted(settings_read())
    for name, default in rows:
        assert default.strip() == default_of(name), name


@pytest.mark.parametrize(("document", "heading"), [("README.md", "Settings"), ("README.ru.md", "Настройки")])
def test_the_front_pages_name_the_settings_that_are_required(document: str, heading: str) -> None:
    """These and no others: the rest has a default, told in one place."""
    assert sorted(name for name, _ in rows_of(document, heading)) == sorted(REQUIRED)


def test_the_front_pages_tell_the_same() -> None:
    """In step: the same sheets in the same order, the same pictures, commands and links to files of the repository."""
    english, russian = text("README.md"), text("README.ru.md").replace("film-ru.gif", "film-en.gif")
    for pattern in (r"^\| `([^`]+)` \|", r"(?:^|`)(make [a-z-]+)", r"\]\((docs/[^)]+)\)"):
        assert re.findall(pattern, english, re.MULTILINE) == re.findall(pattern, russian, re.MULTILINE)


def rows_of(document: str, heading: str) -> list[tuple[str, str]]:
    """Names and defaults of the table of settings under a heading."""
    return TABLE_ROW.findall(text(document).split(f"\n## {heading}\n")[1].split("\n## ")[0])


def default_of(name: str) -> str:
    """The default of a setting as the tables write it."""
    if name in REQUIRED:
        return "required"
    if name in {"BITRIX_OAUTH_URL", "BX24_JS_URL"}:
        return "empty: the portal's own"
    if name == "PORTAL_NETWORKS":
        return "empty: public addresses"
    attributes = {"BITRIX_ALLOW_HTTP": "allow_http"}
    settings = load_settings(minimal(), None)
    place = settings.publisher if name.startswith("MARKET_") else settings
    value = getattr(place, attributes.get(name, name.lower().removeprefix("market_")))
    if value == "":
        return "empty: off"
    return f"`{int(value) if isinstance(value, bool) else value}`"


def test_defaults_of_the_settings_object_are_those_of_the_environment() -> None:
    """Settings made by hand and settings read from an empty environment agree."""
    by_hand = Settings(client_id="x", client_secret="x", app_url="https://example.ru", secret_keys=(STRONG,))
    assert load_settings(minimal(), None) == by_hand


def test_no_document_and_no_deployment_file_names_a_setting_that_does_not_exist() -> None:
    """Words that look like a setting are settings, or known words of others; no such word is listed in vain."""
    files = [ROOT / name for name in (*FOR_OPERATORS, *ENV_FILES)] + list(deployed())
    named = {word for path in files for word in SETTING.findall(path.read_text(encoding="utf-8"))}
    assert named - settings_read() == NOT_OURS


@pytest.mark.parametrize("name", ENV_FILES)
def test_an_example_of_settings_starts_the_app_once_its_secrets_are_filled_in(name: str) -> None:
    """Each example holds the required settings and values that pass."""
    written = text(name) + (text("deploy/secrets.env.example") if name in WITH_CREDENTIAL else "")
    lines = re.findall(r"^([A-Z0-9_]+)=(.*)$", written, re.MULTILINE)
    values = {key: value or STRONG for key, value in lines}
    assert set(REQUIRED) <= set(values)
    load_settings(values, None)


def test_the_container_puts_everything_that_is_kept_into_its_volume() -> None:
    """The image's settings and compose's file store lie under the one folder that is a volume."""
    image = dict(re.findall(r"^\s+([A-Z_]+)=(\S+)", text("deploy/Dockerfile"), re.MULTILINE))
    kept = ("DATABASE_URL", "QUEUE_URL", "REPORTS_DIR", "WORK_DIR", "REST_LOG")
    compose = yaml.safe_load(text("deploy/compose.yaml"))
    places = [*(image[name] for name in kept), compose["x-app"]["environment"]["REPORTS_DIR"]]
    assert all("/var/lib/invoice-register/" in place for place in places), places
    assert "VOLUME /var/lib/invoice-register\n" in text("deploy/Dockerfile")
    assert compose["x-app"]["volumes"] == ["data:/var/lib/invoice-register"]


# --- links, targets, commands, files


@pytest.mark.parametrize("document", documents())
def test_every_relative_link_leads_somewhere(document: str) -> None:
    """The file is there, and the heading too where one is named."""
    for target in LINK.findall(text(document)):
        link = urlsplit(target)
        if link.scheme:
            continue
        path = (ROOT / document).parent / unquote(link.path) if link.path else ROOT / document
        assert path.exists(), target
        if link.fragment:
            assert unquote(link.fragment) in anchors(path.read_text(encoding="utf-8")), target


def test_every_make_target_that_is_named_exists() -> None:
    """``make …`` in a document is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = {word for each in documents() for word in re.findall(r"(?:^|`)make ([a-z-]+)", text(each), re.MULTILINE)}
    assert named
    assert named <= targets


def test_every_command_of_ours_that_is_named_exists() -> None:
    """``python -m bitrix_app …`` in documents and deployment files is a command."""
    everything = "\n".join(text(name) for name in FOR_OPERATORS) + "\n".join(path.read_text() for path in deployed())
    named = set(re.findall(r"python -m bitrix_app ([a-z-]+)", everything))
    named |= set(re.findall(r'"-m", "bitrix_app", "([a-z-]+)"', everything))
    assert {"migrate", "worker", "doctor", "rotate-keys"} <= named
    for command in named:
        required = {name: ["a member_id"] for name in ("forget-portal", "probe")}
        required |= {name: ["a member_id", "7"] for name in ("order", "export-user", "forget-user")}
        parser().parse_args([command, *required.get(command, [])])


def test_deployment_files_name_modules_that_exist() -> None:
    """Whatever ``python -m`` or a WSGI server is told to load can be found."""
    everything = "\n".join(path.read_text(encoding="utf-8") for path in deployed())
    named = set(re.findall(r"(?:python -m|\"-m\",) \"?([a-z_]+)", everything))
    named |= set(re.findall(r"\b([a-z_]+):app\b", everything))
    assert {"app", "bitrix_app"} <= named
    assert [name for name in named if importlib.util.find_spec(name) is None] == []


def test_the_image_gets_everything_that_the_app_needs_and_nothing_else() -> None:
    """Each file that is copied exists and is let through by the ignore file; the app's own folders are among them."""
    copied = {
        source
        for line in re.findall(r"^COPY (?!--)(.+)$", text("deploy/Dockerfile"), re.MULTILINE)
        for source in line.split()[:-1]
    }
    allowed = set(re.findall(r"^!(\S+)$", text("deploy/Dockerfile.dockerignore"), re.MULTILINE))
    assert copied == allowed
    assert {"bitrix_app", "templates", "static", "app.py", "requirements.txt"} <= copied
    assert all((ROOT / source).exists() for source in copied)


@pytest.mark.parametrize("document", ["SECURITY.md", "docs/architecture.md"])
def test_every_source_file_that_is_named_exists(document: str) -> None:
    """``room/file.py`` in a document is a file of the package (or of the repository)."""
    named = re.findall(r"`([a-z_0-9]+/[a-z_0-9/]+\.py)`", text(document))
    assert named
    missing = [name for name in named if not (ROOT / "bitrix_app" / name).is_file() and not (ROOT / name).is_file()]
    assert not missing


# --- codes, words, events


def test_every_code_in_the_administrators_table_has_a_sentence() -> None:
    """A code that install.md explains is one that the app can show."""
    section = text("install.md").split("\n## 8. ")[1].split("\n## ")[0]
    rows = [line.split(" | ")[1] for line in section.splitlines() if line.startswith("| ") and "---" not in line]
    codes = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)}
    assert len(codes) > 20
    assert codes - OF_THE_PAGE <= set(MESSAGES)


def test_every_word_of_the_page_that_is_quoted_stands_on_the_page() -> None:
    """What install.md sets in bold between « » is said by the page, to the letter."""
    with (ROOT / "bitrix_app/web/translations/ru/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="ru")
    said = {message.string for message in catalogue if isinstance(message.string, str)} | {TITLE_RU}
    said |= {each.replace("{format}", known.label) for each in said for known in FORMATS}
    quoted = set(re.findall(r"\*\*«(.+?)»\*\*", text("install.md")))
    assert len(quoted) > 20
    assert quoted - said == set()


def test_every_event_of_the_log_that_is_named_is_logged() -> None:
    """An event that operations.md explains, or wants an alarm for, is written by some line of the code."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bitrix_app").rglob("*.py"))
    sources = re.sub(r"\s+", " ", sources)
    logged = set(re.findall(r"(?:log|logger)\.\w+\( ?\"([a-z_]+)\"", sources)) | set(
        re.findall(r"\blevel\( ?\"([a-z_]+)\"", sources)
    )
    operations = text("docs/operations.md")
    table = operations.split("| event | fields |")[1].split("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_]+)`", row.split(" | ")[0])}
    named |= set(re.findall(r"`([a-z_]+)`", operations.split("events `workers_lost`")[1].split("\n\n")[0]))
    assert len(named) > 10
    assert named <= logged


# --- deployment


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_what_is_there_and_leaves_time_to_stop(name: str) -> None:
    """The service's paths hold in a checkout, and what is being served is answered before systemd loses patience."""
    unit = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
    values = dict(re.findall(r"^([A-Za-z]+)=(.*)$", unit, re.MULTILINE))
    for path in re.findall(r"\s([\w./-]+\.py)\b", f" {values['ExecStart']}"):
        assert (ROOT / path).is_file(), path
    assert int(values["TimeoutStopSec"]) > ANSWER_SECONDS


def test_containers_get_time_to_stop() -> None:
    """Compose waits longer than a server or a worker that is told to stop may take."""
    patience = yaml.safe_load(text("deploy/compose.yaml"))["x-app"]["stop_grace_period"]
    assert int(patience.removesuffix("s")) > max(ANSWER_SECONDS, gunicorn_config()["graceful_timeout"])


def test_the_proxy_lets_the_app_refuse_large_bodies() -> None:
    """The proxy's cap lies above the app's, which answers in its own words."""
    found = re.search(r"client_max_body_size (\d+)m;", text("deploy/nginx/invoice-register-https.conf"))
    assert found
    assert int(found.group(1)) * 2**20 > FORM_BYTES


def gunicorn_config() -> dict[str, Any]:
    """The names that gunicorn's configuration sets."""
    return runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))


def test_gunicorn_runs_as_many_threads_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """The places of slow servers are reckoned from WEB_THREADS, which has the same default there."""
    monkeypatch.delenv("WEB_THREADS", raising=False)
    assert gunicorn_config()["threads"] == load_settings(minimal(), None).web_threads
    monkeypatch.setenv("WEB_THREADS", "40")
    assert gunicorn_config()["threads"] == 40


def test_gunicorns_processes_count_together_in_a_folder_that_goes_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made before the first process, known to all of them, gone at the end; one that is given stays another's."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    config = gunicorn_config()
    config["on_starting"](None)
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    assert folder.is_dir()
    config["on_exit"](None)
    assert not folder.exists()

    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(ROOT))
    config = gunicorn_config()
    config["on_starting"](None)
    config["on_exit"](None)
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(ROOT)
    assert ROOT.is_dir()
