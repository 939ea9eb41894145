"""The last failure of a profile: noted for `status`, and shared with waiting processes that would fail the same way."""

import os
from collections.abc import Collection
from hashlib import sha256

from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain, kind_of
from oidc_helper.settings import Profile
from oidc_helper.store.index import Failure
from oidc_helper.store.saving import note_or_warn
from oidc_helper.store.store import Store

# Variables that change which servers a process asks, as whom, through what, and which records and browser it finds.
_PREFIXES = ("AWS_", "OIDC_HELPER_", "PYTHON_KEYRING_", "XDG_")
_NAMES = {
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("HOME", "DBUS_SESSION_BUS_ADDRESS", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY"),
}
# Other processes would fail with these too; a store, a clock or a mistake of one process says nothing about the next.
_SHARED = (SignInNeeded, TryAgain, Refused)


def conditions(profile: Profile, stamp: str, *, may_ask: bool) -> str:
    """A digest of all that a fetch of the profile depends on in this process: settings, environment, a person to ask.

    If the fetch runs the user's programs or asks a CI system, every variable counts: they may read any.
    """
    identity = profile.identity
    secret_command = identity.client_secret and identity.client_secret.command
    all_count = bool(identity.source == "ci" or identity.command or profile.caller.profile or secret_command)
    variables = sorted(item for item in os.environ.items() if all_count or _counts(item[0], identity.variable))
    return sha256(repr((stamp, may_ask, variables)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def note(profile: Profile, error: OidcHelperError, store: Store, shared_under: str) -> None:
    """Note how the profile failed; processes under the conditions `shared_under` share it, none if that is empty."""
    conditions = shared_under if isinstance(error, _SHARED) else ""
    identity = profile.identity.name
    note_or_warn(lambda: store.remember_failure(profile.name, error, conditions=conditions, identity=identity))


def forget_mended(identities: Collection[str], store: Store, *, by_person: bool) -> None:
    """Forget failures of profiles of these identities that lacked the proof which has now been exchanged.

    After a sign-in it may be another person, so refusals are forgotten too: they concerned the last one.
    """
    mended = (SignInNeeded, Refused) if by_person else (SignInNeeded,)
    note_or_warn(lambda: store.forget_failures(identities, [kind.exit_code for kind in mended]))


def shared(before: Failure | None, after: Failure | None, conditions: str) -> OidcHelperError | None:
    """The error of a process that failed under the same conditions between two readings of the noted failure.

    Comparing the two needs no clock, which may have been wrong at either.
    """
    if after is None or after == before or not conditions or after.conditions != conditions:
        return None
    return kind_of(after.exit_code)(after.message, after.hint)


def _counts(variable: str, identity_variable: str) -> bool:
    return variable.startswith(_PREFIXES) or variable.upper() in _NAMES or variable == identity_variable
