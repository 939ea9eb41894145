"""How a profile failed last: noted for `status`, and shared with waiting processes that would fail in the same way."""

import os
from collections.abc import Collection
from hashlib import sha256

from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain, kind_of
from oidc_helper.settings import Profile
from oidc_helper.store.index import Failure
from oidc_helper.store.saving import note_or_warn
from oidc_helper.store.store import Store

# What the variables of a process change: where it asks, as whom, through what, and which records and browser it finds.
_PREFIXES = ("AWS_", "OIDC_HELPER_", "PYTHON_KEYRING_", "XDG_")
_NAMES = {
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("HOME", "DBUS_SESSION_BUS_ADDRESS", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY"),
}
# Others would fail likewise; a store, a clock or a mistake of one process says nothing about the next one.
_SHARED = (SignInNeeded, TryAgain, Refused)


def conditions(profile: Profile, stamp: str, *, may_ask: bool) -> str:
    """A digest of what a fetch of the profile depends on in this process: settings, environment, a person to ask.

    Programs of the user, and CI systems, may read any variable.
    """
    identity = profile.identity
    secret_command = identity.client_secret and identity.client_secret.command
    is_open = bool(identity.source == "ci" or identity.command or profile.caller.profile or secret_command)
    counting = sorted(item for item in os.environ.items() if is_open or _counts(item[0], identity.variable))
    return sha256(repr((stamp, may_ask, counting)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def note(profile: Profile, error: OidcHelperError, store: Store, shared_under: str) -> None:
    """Note how the profile failed, under its `conditions`; empty: for nobody else."""
    conditions = shared_under if isinstance(error, _SHARED) else ""
    identity = profile.identity.name
    note_or_warn(lambda: store.remember_failure(profile.name, error, conditions=conditions, identity=identity))


def forget_mended(identities: Collection[str], store: Store, *, by_person: bool) -> None:
    """Forget how profiles of these identities failed for want of the proof that has been exchanged now.

    A person who signs in may be another one, so that a refusal to the last one goes too.
    """
    ended = (SignInNeeded, Refused) if by_person else (SignInNeeded,)
    note_or_warn(lambda: store.forget_failures(identities, [kind.exit_code for kind in ended]))


def shared(before: Failure | None, after: Failure | None, conditions: str) -> OidcHelperError | None:
    """The error of a process that failed under the same conditions between two looks at the notes.

    That they differ needs no clock, which may have been wrong at either.
    """
    if after is None or after == before or not conditions or after.conditions != conditions:
        return None
    return kind_of(after.exit_code)(after.message, after.hint)


def _counts(variable: str, of_identity: str) -> bool:
    return variable.startswith(_PREFIXES) or variable.upper() in _NAMES or variable == of_identity
