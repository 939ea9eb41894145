"""What no place takes is told, serves its own process, and stands in the way of nothing."""

import pytest
from fakes import credential_locker

from oidc_helper import kernel
from oidc_helper.errors import StoreUnusable
from oidc_helper.store import index
from oidc_helper.store.kinds import SIGN_IN, TOKENS
from oidc_helper.store.store import Store

NO_KEYRING = "keyring.backends.null.Keyring"
OUT_OF_REACH = "the tokens of corp may lie in Windows Credential Locker, which this session does not use"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without keyctl and without a keyring."""
    monkeypatch.setenv(kernel.VARIABLE, "off")


@pytest.mark.usefixtures("nowhere")
def test_an_unkept_record_serves_its_own_process() -> None:
    """Seen: a login that sent its person to the browser twice, since its own tokens were not found."""
    store = Store()
    with pytest.raises(StoreUnusable, match="^cannot keep the tokens of corp: ") as raised:
        store.put(TOKENS, "corp+arn:aws:sso::1:application/a/b", "tokens", expires_at=None)

    assert raised.value.hint
    assert store.get(TOKENS, "corp+arn:aws:sso::1:application/a/b") == "tokens"
    assert store.lies_in(TOKENS, "corp+arn:aws:sso::1:application/a/b") == ""
    assert Store().get(TOKENS, "corp+arn:aws:sso::1:application/a/b") is None


@pytest.mark.usefixtures("nowhere")
def test_an_unkept_record_can_be_forgotten() -> None:
    """As a record that was kept."""
    store = Store()
    with pytest.raises(StoreUnusable):
        store.put(SIGN_IN, "corp", "session", expires_at=None)

    assert store.delete(SIGN_IN, "corp")
    assert store.get(SIGN_IN, "corp") is None
    assert not store.delete(SIGN_IN, "corp")


def test_the_reason_is_known_until_the_record_is_kept(
    locker: credential_locker.Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process can say why an answer that was sent for is not there."""
    monkeypatch.setenv(kernel.VARIABLE, "off")
    locker.fail_with = 1312
    with pytest.raises(StoreUnusable):
        Store().put(TOKENS, "corp", "tokens", expires_at=None)
    assert "network logon" in Store().why_unkept(TOKENS, "corp")

    locker.fail_with = None
    Store().put(TOKENS, "corp", "tokens", expires_at=None)
    assert Store().why_unkept(TOKENS, "corp") == ""
    assert index.read().unkept == {}


@pytest.fixture
def out_of_reach(locker: credential_locker.Locker, monkeypatch: pytest.MonkeyPatch) -> credential_locker.Locker:
    """The desktop keeps tokens in its keyring; this session has no keyring."""
    Store().put(TOKENS, "corp", "the desktop's", expires_at=None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", NO_KEYRING)
    return locker


@pytest.mark.usefixtures("out_of_reach")
def test_tokens_out_of_reach_are_no_miss() -> None:
    """Seen: in cron "nobody is signed in", while the desktop was."""
    with pytest.raises(StoreUnusable, match=OUT_OF_REACH) as raised:
        Store().get(TOKENS, "corp")
    assert "oidc-helper login" in raised.value.hint


@pytest.mark.usefixtures("locker")
def test_tokens_that_have_expired_out_of_reach_are_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs to reach them any more."""
    Store().put(TOKENS, "corp", "the desktop's", expires_at=1_000)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", NO_KEYRING)
    assert Store().get(TOKENS, "corp") is None


@pytest.mark.usefixtures("kernel_keyring")
def test_a_sign_in_passes_over_tokens_out_of_reach(
    out_of_reach: credential_locker.Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign-in over SSH serves that session; the desktop finds its newest tokens, too."""
    store = Store(signs_in=True)
    assert store.get(TOKENS, "corp") is None
    store.put(TOKENS, "corp", "from here", expires_at=None)

    assert Store().get(TOKENS, "corp") == "from here"
    assert Store().lies_in(TOKENS, "corp") == "kernel keyring (until the next boot)"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", credential_locker.BACKEND)
    assert Store().get(TOKENS, "corp") == "from here"
    assert out_of_reach.targets
