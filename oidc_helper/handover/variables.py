"""The variables that hand credentials to a program, and those that would lead it to others; light, for a hit."""

PROFILE = "OIDC_HELPER_PROFILE"
"""Names the profile, for a prompt; if it is set, credentials have been handed over already."""

# Variables that an SDK would prefer to the new keys, or combine with them. Sources: botocore's chain of providers, the
# credential providers of AWS's other SDKs, and aws-vault's experience.
_OTHERS = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
    *("AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID"),
    *("AWS_CREDENTIAL_FILE", "AWS_SDK_LOAD_CONFIG"),
    *("AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
)


def of_credentials(credentials: dict[str, str], *, profile: str, region: str) -> dict[str, str]:
    """The variables to set for credentials, whose members are named as in credential_process JSON."""
    values = {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials.get("SessionToken"),
        "AWS_CREDENTIAL_EXPIRATION": credentials.get("Expiration"),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,  # older SDKs read this one
        PROFILE: profile,
    }
    return {name: value for name, value in values.items() if value}


def at_endpoint(endpoint: dict[str, str], *, profile: str, region: str) -> dict[str, str]:
    """The variables to set beside those of an `endpoint`; if it fails, no SDK turns to the machine's own role."""
    region_names = ("AWS_REGION", "AWS_DEFAULT_REGION") if region else ()
    return {**endpoint, **dict.fromkeys(region_names, region), "AWS_EC2_METADATA_DISABLED": "true", PROFILE: profile}


def conflicting(environment: dict[str, str], to_set: dict[str, str]) -> list[str]:
    """The variables to remove from the environment, in order."""
    return [name for name in _OTHERS if name in environment and name not in to_set]


def replaced(environment: dict[str, str], to_set: dict[str, str]) -> dict[str, str]:
    """The environment with the variables to set, and without those that would lead to other credentials."""
    to_remove = conflicting(environment, to_set)
    return {**{name: value for name, value in environment.items() if name not in to_remove}, **to_set}
