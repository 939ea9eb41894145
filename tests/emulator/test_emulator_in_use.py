"""The interface for users of the command: settings to paste, tokens, the request log and faults over HTTP."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from urllib.parse import urlsplit

import pytest
from emulator.aws_callers import Caller, refusal
from emulator.browsing import send

from oidc_helper.emulator import Emulator, example_config, shell_exports


def exported(emulator: Emulator, environment: dict[str, str]) -> dict[str, str]:
    shown = subprocess.run(
        ["sh", "-c", f"{shell_exports(emulator)}\nenv"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    return dict(line.split("=", 1) for line in shown.splitlines())


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_the_exports_lead_past_a_proxy(emulator: Emulator, name: str) -> None:
    """In both spellings, and hosts that were reached without it before still are."""
    alone, added = exported(emulator, {}), exported(emulator, {name: "intranet.example.com"})

    assert alone["NO_PROXY"] == alone["no_proxy"] == "127.0.0.1,localhost"
    assert added["NO_PROXY"] == added["no_proxy"] == "127.0.0.1,localhost,intranet.example.com"


def test_the_exports_point_sdks_to_the_emulator(emulator: Emulator) -> None:
    """A shell gets a variable for each service, and comments have the rest."""
    variables = exported(emulator, {})

    assert {name: variables.get(name) for name in emulator.environment} == emulator.environment
    assert set(emulator.environment) == {
        f"AWS_ENDPOINT_URL_{service}"
        for service in (
            *("STS", "SSO_OIDC", "SSO", "S3_CONTROL", "ACCOUNT_ACCESS_RUNTIME"),
            *("SSO_ADMIN", "IDENTITYSTORE", "IAM", "ACCOUNT_ACCESS", "SIGNIN"),
        )
    }
    assert f"# issuer: {emulator.issuer}\n" in shell_exports(emulator)
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == emulator.directory.identity_center_region
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & set(variables)  # SDKs prefer them to every profile


def test_the_comments_have_what_other_programs_need(emulator: Emulator) -> None:
    """The roles, the application with the other grants, the secret of the client that has one, keys to sign with."""
    directory, shown = emulator.directory, shell_exports(emulator)
    (confidential,) = (one for one in directory.identity_provider.clients.values() if one.secret)

    for needed in (
        directory.caller_role_arn,
        directory.analytics_role_arn,
        directory.second_application_arn,
        f"{emulator.url}/authorize",
        "analytics:read",
        f"{confidential.client_id}, secret: {confidential.secret}",
    ):
        assert re.search(rf"^# .*{re.escape(needed)}", shown, re.MULTILINE)

    keys = re.search(r"^# keys .*: (.*)$", shown, re.MULTILINE)
    assert keys
    pasted = subprocess.check_output(["sh", "-c", f"export {keys[1]}; env"], env={}, text=True)
    assert f"AWS_SECRET_ACCESS_KEY={directory.iam_user.secret_access_key}\n" in pasted


def test_s3_control_is_at_a_name(emulator: Emulator) -> None:
    """SDKs put the account in front, and no IP address has names below it: JavaScript calls it an invalid URL."""
    host = urlsplit(emulator.environment["AWS_ENDPOINT_URL_S3_CONTROL"]).netloc
    below = send(emulator.url, headers={"Host": f"123456789012.{host}"})

    assert host.startswith("localhost:")
    assert below.status == 404  # and not 403, as for a host that is not the emulator's
    assert "add to /etc/hosts: 127.0.0.1 123456789012.localhost\n" in shell_exports(emulator)


def test_the_example_configuration_is_complete(emulator: Emulator, caller: Caller) -> None:
    """Its command prints a new identity token each time, which opens its caller's role and can be exchanged."""
    config = tomllib.loads(example_config(emulator, user="bob@example.com"))
    command = config["identity"][config["defaults"]["identity"]]["command"]
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9"}
    first, second = (subprocess.check_output(command, env=environment, text=True) for _ in range(2))

    assert first != second

    role = config["defaults"]["caller"]["web_identity_role_arn"]
    session = caller.using(caller.assume_with_web_identity(first, RoleArn=role)["Credentials"])

    assert session.exchange(assertion=first, clientId=config["defaults"]["application_arn"])["accessToken"]
    assert config["profile"]["analytics"]["role_arn"] == emulator.directory.analytics_role_arn
    assert set(config["profile"]["dev-admin"]) == {"account_id", "permission_set"}
    assert config["profile"]["builder"]["account_access"] == emulator.directory.tenant.tenant_id


def test_the_example_configuration_has_an_identity_for_the_browser(emulator: Emulator) -> None:
    """With a profile of its own, so that `login` alone is enough; the comments name the people and what they may do."""
    config, comments = tomllib.loads(example_config(emulator)), shell_exports(emulator)

    assert config["identity"][config["profile"]["personal"]["identity"]] == {
        "source": "browser",
        "issuer": emulator.issuer,
        "client_id": emulator.client_id,
    }
    assert "# bob@example.com: may use the role analytics, ReadOnly in 111122223333\n" in comments
    assert "# mallory@example.com: may use nothing" in comments


def test_with_another_issuer_the_example_configuration_signs_in_there(emulator: Emulator) -> None:
    """With the browser; the comments for the shell name that issuer."""
    emulator.trust("https://login.example.com", "0oa1b2c3d4", "carol@example.com")
    identity = tomllib.loads(example_config(emulator))["identity"]["example"]

    assert identity == {"source": "browser", "issuer": "https://login.example.com", "client_id": "0oa1b2c3d4"}
    assert "# issuer: https://login.example.com\n# client id: 0oa1b2c3d4\n" in shell_exports(emulator)
    assert "# carol@example.com: may use the role analytics, " in shell_exports(emulator)
    assert "bob@" not in shell_exports(emulator)


def test_there_is_no_token_for_an_unknown_person(emulator: Emulator) -> None:
    """Without a name the token is the first person's."""
    url = emulator.url + "/_emulator/identity-token"

    assert send(url + "?user=nobody@example.com").status == 404
    assert send(url).headers["Content-Type"] == "text/plain"


def test_the_request_log_shows_no_secret(emulator: Emulator, caller: Caller) -> None:
    """Neither over HTTP nor in a repr; tests can count by every parameter."""
    token = emulator.mint("alice@example.com")
    tokens = caller.exchange(assertion=token)
    caller.refresh(tokens["refreshToken"])
    caller.client("sso").list_accounts(accessToken=tokens["accessToken"])
    shown = send(emulator.url + "/_emulator/requests")

    assert [each["operation"] for each in shown.json] == ["CreateTokenWithIAM", "CreateTokenWithIAM", "ListAccounts"]
    assert shown.json[0]["parameters"]["clientId"] == emulator.directory.application_arn
    assert shown.json[0]["parameters"]["assertion"] == "***"
    for secret in (token, tokens["refreshToken"], tokens["accessToken"], emulator.directory.iam_user.secret_access_key):
        assert secret not in shown.text
        assert secret not in repr(emulator.requests)
    assert secret not in repr(emulator.directory)
    assert emulator.count("CreateTokenWithIAM", refresh_token=tokens["refreshToken"]) == 1
    assert emulator.count("CreateTokenWithIAM", grantType="refresh_token") == 1


def test_the_request_log_has_the_reason_that_aws_does_not_tell(emulator: Emulator, caller: Caller) -> None:
    """A developer who tries an integration needs it."""
    refusal(caller.exchange, assertion=emulator.mint("alice@example.com", aud="somebody-else"))
    last = send(emulator.url + "/_emulator/requests").json[-1]

    assert (last["error"], last["reason"]) == (
        "InvalidGrantException",
        "aud is not authorised for the application",
    )


def test_faults_can_be_ordered_over_http(emulator: Emulator, caller: Caller) -> None:
    """With the fields of `Fault`; DELETE clears them."""
    url = emulator.url + "/_emulator/faults"
    order = {"operation": "CreateTokenWithIAM", "error": "SlowDownException", "times": 2}

    assert send(url, method="POST", body=json.dumps(order)).status == 204
    assert refusal(caller.exchange) == ("SlowDownException", 400)
    assert send(url, method="DELETE").status == 204
    assert caller.exchange()["accessToken"]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"operation": "Keys", "until": 1}', '{"operation": "Keys", "x": 1}'])
def test_a_wrong_order_is_refused(emulator: Emulator, body: str) -> None:
    """No fault happens."""
    assert send(emulator.url + "/_emulator/faults", method="POST", body=body).status == 400
    assert send(emulator.issuer + "/keys").status == 200


def test_importing_the_package_alone_is_cheap() -> None:
    """Modules that need only part of it do not load cryptography."""
    program = "import sys, oidc_helper.emulator; print('joserfc' in sys.modules, 'botocore' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False False\n"


def test_the_example_configuration_quotes_any_path_of_an_interpreter(emulator: Emulator) -> None:
    """TOML returns a path with spaces, quotes and backslashes unchanged."""
    path = 'C:\\Program Files\\"Python"\\python.exe'
    config = tomllib.loads(example_config(emulator, python=path))

    assert config["identity"]["example"]["command"][0] == path
    assert shlex.split(shell_exports(emulator), comments=True)[0] == "export"
