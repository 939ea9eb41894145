"""Several regions of one instance of Identity Center: which is asked, and when the next one is."""

import time
from pathlib import Path
from typing import Any

import pytest
from fakes.hosts import Hosts, stand_in
from homes import file_config

from oidc_helper import settings
from oidc_helper.aws.client import Aws
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.refusals import WrongRegion
from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import JWT_BEARER
from oidc_helper.errors import TryAgain

FIRST, SECOND = "eu-west-1", "eu-central-1"


@pytest.fixture
def hosts(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hosts:
    """An instance in two regions, of which the second one alone can be reached."""
    emulator.directory.identity_center_regions = [FIRST, SECOND]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return stand_in(monkeypatch, Hosts(emulator.url, {SECOND}))


def aws(emulator: Emulator, directory: Path, monkeypatch: pytest.MonkeyPatch, regions: str) -> Aws:
    """The calls of a profile with these regions, as a process of its own would make them."""
    config = directory / "config.toml"
    given = file_config(emulator).replace(f'identity_center_region = "{FIRST}"', f"identity_center_region = {regions}")
    assert regions in given
    config.write_text(given)
    monkeypatch.setenv("OIDC_HELPER_CONFIG", str(config))
    end = time.monotonic() + 30
    return Aws(settings.load().profile("dev-admin"), time_left=lambda: end - time.monotonic())


@pytest.fixture
def both(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hosts: Hosts) -> Aws:
    assert hosts
    return aws(emulator, tmp_path, monkeypatch, f'["{FIRST}", "{SECOND}"]')


def caller(emulator: Emulator) -> Credentials:
    user = emulator.directory.iam_user
    return Credentials(user.access_key_id, user.secret_access_key, None, None)


def exchange(client: Aws, emulator: Emulator) -> dict[str, Any]:
    return client.create_token(
        caller(emulator), {"grantType": JWT_BEARER, "assertion": emulator.mint("alice@example.com")}
    )


def regions_of(tried: list[str]) -> list[str]:
    return [host.split(".")[1] for host in tried]


def test_the_next_region_is_asked_where_one_cannot_be_reached(both: Aws, emulator: Emulator, hosts: Hosts) -> None:
    """And the answer says which one gave it."""
    answer = exchange(both, emulator)

    assert answer["region"] == SECOND
    assert regions_of(hosts.tried) == [FIRST, SECOND]
    assert emulator.count("CreateTokenWithIAM") == 1


def test_a_region_that_cannot_be_reached_rests(
    both: Aws, emulator: Emulator, hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process does not wait for it again."""
    exchange(both, emulator)
    hosts.tried.clear()

    exchange(aws(emulator, tmp_path, monkeypatch, f'["{FIRST}", "{SECOND}"]'), emulator)

    assert regions_of(hosts.tried) == [SECOND]


def test_a_request_that_may_have_arrived_is_not_sent_to_another_region(
    both: Aws, emulator: Emulator, hosts: Hosts
) -> None:
    """Its token may be spent."""
    hosts.alive = {FIRST, SECOND}
    emulator.fault("CreateTokenWithIAM", cut="after")

    with pytest.raises(TryAgain) as caught:
        exchange(both, emulator)

    assert not caught.value.never_sent
    assert regions_of(hosts.tried) == [FIRST]


def test_a_refusal_is_the_answer(both: Aws, emulator: Emulator, hosts: Hosts) -> None:
    """Another region of the same instance would say the same."""
    hosts.alive = {FIRST, SECOND}
    emulator.fault("CreateTokenWithIAM", error="AccessDeniedException")

    with pytest.raises(Exception, match="AccessDeniedException"):
        exchange(both, emulator)

    assert regions_of(hosts.tried) == [FIRST]


def test_every_region_is_named_where_none_can_be_reached(both: Aws, emulator: Emulator, hosts: Hosts) -> None:
    """The token was not sent, and may be sent again."""
    hosts.alive = set()

    with pytest.raises(TryAgain) as caught:
        exchange(both, emulator)

    assert caught.value.never_sent
    assert f"oidc.{SECOND}.amazonaws.com" in caught.value.message
    assert f"nor can {FIRST}" in caught.value.message


def test_a_region_that_the_instance_is_not_in_is_told_with_the_right_one(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hosts: Hosts
) -> None:
    """As the service names it."""
    hosts.alive = {"us-west-2"}

    with pytest.raises(WrongRegion) as caught:
        exchange(aws(emulator, tmp_path, monkeypatch, '"us-west-2"'), emulator)

    assert caught.value.region == FIRST
    assert f'set identity_center_region = "{FIRST}"' in caught.value.hint


def test_an_address_that_swallows_packets_costs_a_region_a_part_of_the_time(
    both: Aws, emulator: Emulator, hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one has time left, however short it is."""
    limits = []
    usual = hosts.urlopen

    def noting(method: str, url: str, **words: Any) -> Any:
        limits.append(words["timeout"].connect_timeout)
        return usual(method, url, **words)

    monkeypatch.setattr(hosts, "urlopen", noting)
    monkeypatch.setattr(both, "_time_left", lambda: 6.0)

    exchange(both, emulator)

    assert limits[0] * 2 < 6
    assert limits[1] >= 6


def refreshing(client: Aws, emulator: Emulator, tokens: dict[str, Any]) -> dict[str, Any]:
    parameters = {"grantType": "refresh_token", "refreshToken": tokens["refreshToken"]}
    return client.create_token(caller(emulator), parameters, issued_in=tokens["region"])


def test_a_token_goes_to_the_region_that_issued_it(
    both: Aws, emulator: Emulator, hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other takes it, though the one that is named first answers again."""
    tokens = exchange(both, emulator)
    hosts.alive, hosts.tried = {FIRST, SECOND}, []

    answer = refreshing(aws(emulator, tmp_path, monkeypatch, f'["{FIRST}", "{SECOND}"]'), emulator, tokens)

    assert answer["region"] == SECOND
    assert regions_of(hosts.tried) == [SECOND]


def test_a_token_of_a_region_that_cannot_be_reached_is_refused_by_the_next(
    both: Aws, emulator: Emulator, hosts: Hosts
) -> None:
    """With the name of the region that would take it."""
    hosts.alive = {FIRST}
    tokens = exchange(both, emulator)
    hosts.alive = {SECOND}

    with pytest.raises(WrongRegion) as caught:
        refreshing(both, emulator, tokens)

    assert (tokens["region"], caught.value.region) == (FIRST, FIRST)


def test_the_sign_in_of_identity_center_is_at_a_region_that_can_be_reached(both: Aws, hosts: Hosts) -> None:
    """And its code goes there too."""
    assert both.center_url == f"https://oidc.{SECOND}.amazonaws.com"
    assert both._regions.in_order([FIRST, SECOND]) == [SECOND, FIRST]
    assert regions_of(hosts.tried) == [FIRST], "the last one is not asked whether it is there"
