"""Issue the credentials of role sessions."""

from datetime import UTC, datetime

from oidc_helper.emulator.calls import Parameters
from oidc_helper.emulator.directory import Role
from oidc_helper.emulator.keys import aws_secret, upper
from oidc_helper.emulator.state import Context, Credentials, State

_TOKEN = "IQoJb3JpZ2luX2Vj"  # noqa: S105 - how AWS's session tokens begin
SHORTEST_TOKEN = len(_TOKEN) + 400


def role_session(  # noqa: PLR0913 - the attributes of a session
    state: State,
    role: Role,
    session_name: str,
    lifetime_s: int,
    context: Context | None = None,
    *,
    source_identity: str | None = None,
    token_size: int = SHORTEST_TOKEN,
    direct: bool = False,
) -> Credentials:
    """New credentials for a session of the role, valid immediately. `token_size` is in bytes.

    `direct`: a portal opens the session, without role chaining.
    """
    credentials = Credentials(
        access_key_id="ASIA" + upper(16),
        secret_access_key=aws_secret(40),
        session_token=_TOKEN + aws_secret(token_size - len(_TOKEN)),
        expires_at=int(state.clock()) + lifetime_s,
        arn=f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
        user_id=f"{role.role_id}:{session_name}",
        principal_arn=role.arn,
        context=context,
        source_identity=source_identity,
        direct=direct,
    )
    state.credentials[credentials.access_key_id] = credentials
    return credentials


def described(credentials: Credentials) -> Parameters:
    """The member `Credentials` in the answers of STS and S3."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expires_at,
    }


def iso(seconds: float) -> str:
    """Epoch seconds as AWS writes them in a string."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
