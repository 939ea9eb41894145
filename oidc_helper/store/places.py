"""The places where records lie: the id of each, as the index holds it, and its name for people."""

from oidc_helper.words import printable

KERNEL = "kernel"
SECRET_SERVICE = "secret-service"  # noqa: S105  it is the name of a service
KWALLET = "kwallet"
KEYCHAIN = "keychain"
CREDENTIAL_LOCKER = "credential-locker"

_NAMES = {
    KERNEL: "kernel keyring",
    SECRET_SERVICE: "Secret Service",
    KWALLET: "KWallet",
    KEYCHAIN: "macOS Keychain",
    CREDENTIAL_LOCKER: "Windows Credential Locker",
}


def name_of(place: str) -> str:
    """A place's name for people; any other keyring back end is named by its class, which is its id."""
    return _NAMES.get(place, printable(place))
