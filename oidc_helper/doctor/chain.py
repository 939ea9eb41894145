"""The chain as a table, from the program to the SDK; checks that take long or spend something come last."""

from oidc_helper.doctor import aws_profile, configuration, credentials, kept, network, places, program, source
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Check

_KNOWN = ("profile",)
_CONNECTED = ("profile", "proxy", "certificates")
_KEPT = ("profile", "vault")

CHECKS: tuple[Check[Case], ...] = (
    Check("executable", "where this command is, and how it was installed", program.executable),
    Check("versions", "oidc-helper, Python, libraries, system", program.versions),
    Check("environment", "variables that break this command or its callers, or lead elsewhere", program.environment),
    Check("settings", "both layers of the configuration", configuration.settings),
    Check("profile", "what the profile is for, by its settings", configuration.profile, "profile"),
    Check("aws-profile", "the line of ~/.aws/config that leads here", aws_profile.line, "profile", _KNOWN),
    Check("aws-shadows", "other credentials in that AWS profile", aws_profile.shadows, "profile", ("aws-profile",)),
    Check("kernel-keyring", "where credentials are kept on Linux", places.kernel_keyring),
    Check("vault", "the keyring, where tokens are kept", places.vault),
    Check("state", "the directory of notes without secrets", places.state),
    Check("identity", "what identity tokens come from", source.source, "sign-in", _KNOWN),
    Check("client-secret", "the secret of a confidential client", source.secret, "sign-in", _KNOWN),
    Check("proxy", "the proxy in force, and what names it", network.proxy, "sign-in", _KNOWN),
    Check("certificates", "the authorities in force, and what names them", network.certificates, "sign-in", _KNOWN),
    Check("provider", "the identity provider answers", network.provider, "sign-in", _CONNECTED),
    Check("discovery", "its discovery document and keys", network.discovery, "sign-in", ("provider",)),
    Check("aws", "AWS answers", network.aws, "sign-in", _CONNECTED),
    Check("clock", "this machine's clock, against the servers'", network.clock, "sign-in", ("profile", "proxy")),
    Check("provider-session", "whose session at the provider, until when", kept.session, "sign-in", _KEPT),
    Check("tokens", "whose tokens of Identity Center, until when", kept.tokens, "sign-in", _KEPT),
    Check("claims", "what Identity Center looks at in the identity token", source.claims, "sign-in", ("identity",)),
    Check("caller", "who signs CreateTokenWithIAM", credentials.caller, "sign-in", ("aws", "clock", "claims")),
    Check("sdk", "what an SDK takes in this environment", credentials.sdk, needs=("environment", "aws-shadows")),
    Check(
        "exchange", "CreateTokenWithIAM (--exchange)", credentials.exchange, "target", ("caller", "discovery", "tokens")
    ),
    Check("credentials", "AWS gives the credentials", credentials.credentials, "target", ("caller", "tokens")),
)
