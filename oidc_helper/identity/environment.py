"""Identity tokens that a CI system or a parent process passes in an environment variable."""

import os

from oidc_helper.settings import Identity


def fetch(identity: Identity, _timeout_s: float) -> str | None:
    """The variable's value; None if it is not set."""
    return os.environ.get(str(identity.variable))
