"""Tokens: expiry, rotation, and what the authorization server says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from demo_portal import DemoWorld, Fault, ManualClock, Portal, TokenPair
from tests.demo.conftest import Rest
from tests.live import until


def renew(world: DemoWorld, refresh_token: str, changed: dict[str, Any] | None = None) -> requests.Response:
    form = {
        "grant_type": "refresh_token",
        "client_id": world.app.client_id,
        "client_secret": world.app.client_secret,
        "refresh_token": refresh_token,
        **(changed or {}),
    }
    return requests.post(f"{world.oauth.url}/oauth/token/", data=form, timeout=60)


def app_info(world: DemoWorld, token: str) -> requests.Response:
    return requests.get(f"{world.oauth.url}/rest/app.info", params={"auth": token}, timeout=60)


def test_an_access_token_expires_after_its_lifetime(portal: Portal, rest: Rest, clock: ManualClock) -> None:
    """expired_token (401) from that second on."""
    pair = portal.issue_tokens()
    clock.advance(3599)
    assert rest("profile", pair=pair)[0] == 200
    clock.advance(1)
    status, body = rest("profile", pair=pair)
    assert (status, body["error"]) == (401, "expired_token")


def test_a_renewal_gives_a_new_pair_and_spends_the_old_refresh_token(
    world: DemoWorld, portal: Portal, rest: Rest
) -> None:
    """The second use of a refresh token is invalid_grant; attempts are counted for each token."""
    old = portal.issue_tokens(portal.accountant)
    fresh = renew(world, old.refresh_token).json()
    assert {"access_token", "refresh_token", "expires", "expires_in", "member_id", "client_endpoint"} <= set(fresh)
    assert (fresh["member_id"], fresh["user_id"]) == (portal.member_id, 5)
    again = renew(world, old.refresh_token)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert world.oauth.renewals[old.refresh_token] == 2
    answer = requests.post(f"{portal.client_endpoint}profile", json={"auth": fresh["access_token"]}, timeout=60)
    assert answer.json()["result"]["ID"] == "5"


def test_of_many_simultaneous_renewals_one_succeeds(world: DemoWorld, portal: Portal) -> None:
    """A refresh token is spent once, however many ask at once."""
    old = portal.issue_tokens()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: renew(world, old.refresh_token).status_code, range(8)))
    assert sorted(statuses) == [200] + [400] * 7


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "another"}, "invalid_client"),
        ({"refresh_token": "unknown"}, "invalid_grant"),
        ({"grant_type": "password"}, "invalid_request"),
    ],
)
def test_a_wrong_renewal_names_what_is_wrong(world: DemoWorld, portal: Portal, changed: Any, code: str) -> None:
    """Errors of settings/oauth/error-codes.md."""
    assert renew(world, portal.issue_tokens().refresh_token, changed).json()["error"] == code


def test_payment_required_can_be_switched_on(world: DemoWorld, portal: Portal) -> None:
    """The refresh token is not spent by a refusal."""
    pair = portal.issue_tokens()
    world.oauth.payment_required = True
    assert renew(world, pair.refresh_token).json()["error"] == "PAYMENT_REQUIRED"
    world.oauth.payment_required = False
    assert renew(world, pair.refresh_token).status_code == 200


def test_app_info_confirms_whose_token_it_is(world: DemoWorld, portal: Portal) -> None:
    """client_id, member_id, the confirmed address and the user; 401 for anything else."""
    pair = portal.issue_tokens(portal.manager)
    result = app_info(world, pair.access_token).json()["result"]
    assert (result["client_id"], result["user_id"]) == (world.app.client_id, 8)
    assert result["install"]["member_id"] == portal.member_id
    assert result["install"]["client_endpoint"] == portal.client_endpoint
    assert app_info(world, "forged").json()["error"] == "invalid_token"
    portal.expire_tokens()
    expired = app_info(world, pair.access_token)
    assert (expired.status_code, expired.json()["error"]) == (401, "expired_token")


def test_another_applications_token_is_told_by_its_client_id(world: DemoWorld, portal: Portal) -> None:
    """A foreign token is genuine, but not ours."""
    pair = portal.issue_tokens(app=world.add_app("local.other"))
    assert app_info(world, pair.access_token).json()["result"]["client_id"] == "local.other"


def test_revoked_tokens_open_nothing(world: DemoWorld, portal: Portal, rest: Rest) -> None:
    """Neither token of a revoked pair works."""
    pair = portal.issue_tokens()
    portal.revoke_tokens()
    assert rest("profile", pair=pair)[1]["error"] == "NO_AUTH_FOUND"
    assert renew(world, pair.refresh_token).json()["error"] == "invalid_grant"


def test_a_paused_server_answers_when_it_is_resumed(world: DemoWorld, portal: Portal) -> None:
    """Requests hang, then go through; how many hung at once is told."""
    pair: TokenPair = portal.issue_tokens()
    world.oauth.pause()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(app_info, world, pair.access_token) for _ in range(3)]
        until(lambda: world.oauth.in_flight == 3)
        world.oauth.resume()
        assert [answer.result().status_code for answer in answers] == [200, 200, 200]
    assert world.oauth.peak_in_flight == 3


def test_a_dead_server_closes_the_connection(world: DemoWorld, portal: Portal) -> None:
    """No answer at all; and faults as the portal has them."""
    pair = portal.issue_tokens()
    world.oauth.dead = True
    with pytest.raises(requests.ConnectionError):
        app_info(world, pair.access_token)
    world.oauth.dead = False
    world.oauth.faults.at(1, Fault.html(502), method="app.info")
    assert app_info(world, pair.access_token).status_code == 502
    assert app_info(world, pair.access_token).status_code == 200


def test_a_portal_that_moved_redirects_and_is_confirmed_at_its_new_address(world: DemoWorld, portal: Portal) -> None:
    """302 from the old address; app.info tells the new one."""
    pair = portal.issue_tokens()
    old = portal.move()
    answer = requests.post(f"{old}/rest/profile", json={"auth": pair.access_token}, timeout=60, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{portal.url}/rest/profile")
    assert app_info(world, pair.access_token).json()["result"]["install"]["client_endpoint"] == portal.client_endpoint
