"""Identity tokens that a CI system issues to its jobs: GitHub, GitLab, CircleCI, Buildkite, Google Cloud."""

from oidc_helper.errors import SignInNeeded
from oidc_helper.settings import Identity
from oidc_helper.words import printable


def fetch(identity: Identity, _timeout_s: float) -> str | None:
    """Ask the CI system for a token with the identity's audience; None outside of CI."""
    from id import IdentityError, detect_credential

    try:
        return detect_credential(identity.audience)
    except IdentityError as error:
        raise SignInNeeded(
            f"the CI system gives no identity token: {printable(str(error))}",
            "let the job ask for one (GitHub: permissions, id-token: write; GitLab: id_tokens)",
        ) from None
