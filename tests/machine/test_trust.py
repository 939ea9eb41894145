"""The authorities that all connections trust, and the settings that cannot be read."""

import socket
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.certificates import self_made, tls_server

from oidc_helper.errors import WrongSettings
from oidc_helper.machine.trust import SYSTEM, key_log, trust

VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the machine that runs the tests."""
    for name in (*VARIABLES, "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


def is_trusted(make: Callable[[], ssl.SSLContext], directory: Path, *, is_critical: bool = True) -> bool:
    """Whether a server with a new certificate in that directory is."""
    with tls_server(directory, is_critical=is_critical) as url:
        host, port = "127.0.0.1", int(url.rpartition(":")[2])
        with socket.create_connection((host, port)) as plain:
            try:
                make().wrap_socket(plain, server_hostname=host).close()
            except ssl.SSLCertVerificationError:
                return False
    return True


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """The directory of a server and its authority."""
    directory = tmp_path / "company"
    directory.mkdir()
    return directory


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The directory of another."""
    directory = tmp_path / "other"
    directory.mkdir()
    return directory


@pytest.mark.parametrize("variable", VARIABLES[:3])
def test_a_bundle_adds_to_the_authorities_of_the_environment(
    company: Path, other: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manual said so, and the identity provider's connections had the bundle only."""
    self_made(company)
    self_made(other)
    monkeypatch.setenv(variable, str(other / "ca.pem"))
    both = trust(str(company / "ca.pem"))
    first, second = ((directory / "ca.pem").read_text() for directory in (company, other))

    assert {ssl.PEM_cert_to_DER_cert(text) for text in (first, second)} == set(both.get_ca_certs(binary_form=True))


def test_a_bundle_adds_to_the_usual_authorities(company: Path) -> None:
    self_made(company)
    bundle = str(company / "ca.pem")
    alone = ssl.create_default_context(cafile=bundle)
    usual, added = (stored(trust(name)) for name in (None, bundle))

    assert added - usual == stored(alone)
    assert len(usual) > 50


def stored(context: ssl.SSLContext) -> set[bytes]:
    inner: ssl.SSLContext = getattr(context, "_ctx", context)  # truststore's wrapper does not tell
    return set(inner.get_ca_certs(binary_form=True))


def test_the_system_alone_is_trusted_where_the_settings_say_so(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a variable for other programs says."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(company / "ca.pem"))

    assert is_trusted(lambda: trust(None), company)
    assert not is_trusted(lambda: trust(SYSTEM), company)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's store is not a file of ours to change")
def test_a_company_s_authority_in_the_system_s_store_is_trusted(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any setting of ours: SSL_CERT_FILE stands for the store here, as OpenSSL has it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(company / "ca.pem"))

    assert is_trusted(lambda: trust(SYSTEM), company)


@pytest.mark.parametrize("setting", ["ca_bundle", *VARIABLES])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _: None, "No such file or directory|it is no directory"),
        (lambda path: path.write_text("no certificate"), "it holds no certificate in PEM form|it is no directory"),
        (lambda path: path.write_text(""), "it holds no certificate in PEM form|it is no directory"),
        (lambda path: path.mkdir(), "it is a directory|no file there has the name that openssl rehash gives it"),
    ],
    ids=["missing", "not PEM", "empty", "a directory"],
)
def test_what_cannot_be_read_is_named_with_its_setting(
    tmp_path: Path, setting: str, make: object, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was a traceback, or ended the sign-in after the person had signed in."""
    path = tmp_path / "authorities"
    make(path)  # type: ignore[operator]
    if setting != "ca_bundle":
        monkeypatch.setenv(setting, str(path))
    with pytest.raises(WrongSettings, match=reason) as caught:
        trust(str(path) if setting == "ca_bundle" else None)

    assert caught.value.message.startswith(f"{setting}: the certificates in {path} cannot be read: ")
    assert f"correct {setting}" in caught.value.hint


@pytest.mark.parametrize("place", ["missing/keys.log", "."])
def test_a_key_log_that_cannot_be_written_is_named(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / place))
    with pytest.raises(WrongSettings, match="SSLKEYLOGFILE: .* cannot be written"):
        trust(None)


def test_a_key_log_is_written(tmp_path: Path, company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    self_made(company)

    assert key_log() == trust(None).keylog_filename == str(tmp_path / "keys.log")


@pytest.mark.parametrize("variable", [None, "AWS_CA_BUNDLE"])
def test_an_authority_that_breaks_the_letter_of_rfc_5280_is_trusted(
    company: Path, variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Python 3.13 on, one whose basic constraints are not critical was refused, though ca_bundle named it."""
    bundle = str(company / "ca.pem")
    if variable:
        monkeypatch.setenv(variable, bundle)

    assert is_trusted(lambda: trust(None if variable else bundle), company, is_critical=False)
    assert not trust(None if variable else bundle).verify_flags & ssl.VERIFY_X509_STRICT
