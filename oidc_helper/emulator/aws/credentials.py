"""The vending of role session credentials."""

from datetime import UTC, datetime

from oidc_helper.emulator.directory import Role
from oidc_helper.emulator.keys import aws_secret, upper
from oidc_helper.emulator.state import Context, Credentials, State
from oidc_helper.emulator.wire import Parameters


def vend(state: State, role: Role, session_name: str, lifetime_s: int, context: Context | None = None) -> Credentials:
    """New credentials of a session of the role, valid from now on."""
    credentials = Credentials(
        access_key_id="ASIA" + upper(16),
        secret_access_key=aws_secret(40),
        session_token="IQoJb3JpZ2luX2Vj" + aws_secret(400),  # as long as AWS's, and begins like them
        expires_at=int(state.clock()) + lifetime_s,
        arn=f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
        user_id=f"{role.role_id}:{session_name}",
        principal_arn=role.arn,
        context=context,
    )
    state.credentials[credentials.access_key_id] = credentials
    return credentials


def described(credentials: Credentials) -> Parameters:
    """The member `Credentials` as STS and S3 have it."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expires_at,
    }


def iso(seconds: float) -> str:
    """Epoch seconds as AWS writes them in texts."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
