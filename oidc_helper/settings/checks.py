"""Checks of single values: each returns the value to use, or raises UnfitError with the form that it should have."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oidc_helper.machine.hosts import is_loopback
from oidc_helper.words import did_you_mean, listed, shown, toml_type

Check = Callable[[object], Any]

_PARTITION = "aws(?:-[a-z]+)*"
_WORD = r"[A-Za-z0-9_+=,.@-]"  # IAM's and STS's alphabet for names
_ISSUER_TAIL = "/.well-known/openid-configuration"
# The sign-in sets these parameters of an authorization request itself, or a key of their own does.
_RESERVED = frozenset(
    {
        "audience",
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "login_hint",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "resource",
        "response_mode",
        "response_type",
        "scope",
        "scopes",
        "state",
    }
)


class UnfitError(Exception):
    """A value failed its check; the text completes `profile.NAME.KEY: ` and shows no more of it than `words.shown`."""


def text(value: object) -> str:
    """A non-empty string of printable characters without white space at its ends."""
    if not isinstance(value, str):
        raise UnfitError(f"must be a string, not {toml_type(value)}")
    if not value:
        raise UnfitError("must not be empty")
    if not value.isprintable() or value != value.strip():
        raise UnfitError("has control characters, or white space at its ends")
    return value


def true(value: object) -> bool:
    """`true`, for a choice that is made by naming it."""
    if value is not True:
        raise UnfitError("must be true, or left out")
    return True


def choice(*words: str) -> Check:
    """One of the words."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise UnfitError(f"must be {listed(words)}, not {toml_type(value)}")
        word = text(value)
        if word not in words:
            raise UnfitError(f"{shown(word)} is not {listed(words)}{did_you_mean(word, words)}")
        return word

    return check


def seconds(least: int, most: int) -> Check:
    """A whole number of seconds within the bounds."""

    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise UnfitError(f"must be an integer (seconds), not {toml_type(value)}")
        if not least <= value <= most:
            raise UnfitError(f"must be {least} to {most} seconds")
        return value

    return check


def matching(pattern: str, example: str) -> Check:
    """A string that the pattern matches as a whole; the message gives the example."""

    def check(value: object) -> str:
        string = text(value)
        if not re.fullmatch(pattern, string):
            raise UnfitError(f"{shown(string)} does not look like {example}")
        return string

    return check


# Names in the configuration.
name = matching(
    r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,63}", "a name: 1 to 64 letters, digits or any of ._/- that begins with none of ./-"
)
variable = matching("[^=]+", "the name of an environment variable")


def arn(example: str, *forms: tuple[str, str, str]) -> Check:
    """A global ARN whose resource has these parts between slashes; the message names the first part that is wrong.

    Each form is the part's name, its pattern and how the message describes it.
    """
    service = example.split(":")[2]
    before = (
        ("beginning", "arn", "arn"),
        ("partition", _PARTITION, "aws, aws-cn or another of AWS"),
        ("service", service, service),
        ("region", "", "empty"),
        ("account", "[0-9]{12}", "12 digits"),
    )

    def check(value: object) -> str:
        string = text(value)
        parts = string.split(":", len(before))
        if len(parts) <= len(before):
            raise UnfitError(f"{shown(string)} does not look like {example}")
        parts += parts.pop().split("/", len(forms) - 1)
        parts += [""] * (len(before) + len(forms) - len(parts))
        for (part_name, pattern, form), part in zip((*before, *forms), parts, strict=True):
            if not re.fullmatch(pattern, part):
                wrong = f"the {part_name} {shown(part)} is not {form}"
                raise UnfitError(f"does not look like {example}: {wrong}")
        return string

    return check


# How `profiles --write` names a profile: the words in braces are replaced, all else is part of the name.
PLACEHOLDERS = ("account_name", "account_id", "permission_set")
template = matching(
    rf"(?:[A-Za-z0-9._-]|\{{(?:{'|'.join(PLACEHOLDERS)})\}})*\{{(?:{'|'.join(PLACEHOLDERS)})\}}[A-Za-z0-9._-]*",
    f"a template of letters, digits, ._- and {', '.join(f'{{{word}}}' for word in PLACEHOLDERS)}",
)

# AWS. The application's alphabet is that of the service model of sso-admin, wider than the hexadecimal digits seen.
application_arn = arn(
    "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef",
    ("resource", "application", "application"),
    ("instance", "(?:sso)?ins-[A-Za-z0-9.-]{16}", "ssoins- and 16 letters or digits"),
    ("application", "apl-[A-Za-z0-9]{16}", "apl- and 16 letters or digits"),
)
role_arn = arn(
    "arn:aws:iam::123456789012:role/NAME",
    ("resource", "role", "role"),
    ("name", f"(?:[!-~]{{1,511}}/)?{_WORD}{{1,64}}", "a path and 1 to 64 letters, digits or any of _+=,.@-"),
)
# No AWS document shows this ARN outside the partition aws, so the check asks hardly anything of it.
context_provider_arn = matching(f"arn:{_PARTITION}:[!-~]{{1,2000}}", "arn:aws:iam::aws:contextProvider/IdentityCenter")
region = matching(r"[a-z]{2,5}(?:-[a-z]+){1,3}-[0-9]{1,2}", "a region such as eu-west-1")
role_session_name = matching(_WORD + "{2,64}", "2 to 64 letters, digits or any of _+=,.@-")
permission_set = matching(_WORD + "{1,32}", "1 to 32 letters, digits or any of _+=,.@-")
s3_target = matching(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\n]{0,1900})?", "s3://BUCKET/PREFIX*")
_account = matching("[0-9]{12}", "an account id of 12 digits")

# A sign-in at an identity provider.
redirect_path = matching(r"/[A-Za-z0-9._~/-]{0,200}", "a path such as /oidc-helper/callback")
resource = matching(r"[A-Za-z][A-Za-z0-9+.-]*:[!-\"$-~]+", "a URI such as https://api.example.com/")  # RFC 8707


def account_id(value: object) -> str:
    """12 digits in a string."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise UnfitError("must be in quotes, since a number loses its leading zeros")
    return str(_account(value))


def path(value: object) -> str:
    """A path with `~` expanded; a relative path stays relative."""
    try:
        return str(Path(text(value)).expanduser())
    except RuntimeError:
        raise UnfitError("names a home directory that is not known: write the whole path") from None


def command(value: object) -> tuple[str, ...]:
    """A non-empty list of words, the program first; only the words after it may be empty."""
    if not isinstance(value, list):
        example = '["vault", "read", "-field=token", "identity/oidc/token/aws"]'
        raise UnfitError(f"must be a list of words such as {example}, not {toml_type(value)}")
    if not value or not value[0]:
        raise UnfitError("must begin with a program")
    for word in value:
        if not isinstance(word, str):
            raise UnfitError(f"must be a list of strings, without {toml_type(word)} in it")
        if "\0" in word:
            raise UnfitError("has a NUL character in it")
    return tuple(value)


def scopes(value: object) -> tuple[str, ...]:
    """A list of scope tokens (RFC 6749 section 3.3)."""
    if not isinstance(value, list):
        raise UnfitError(f'must be a list such as ["openid", "email"], not {toml_type(value)}')
    for scope in value:
        if not isinstance(scope, str) or not re.fullmatch(r"[!#-\[\]-~]+", scope):
            raise UnfitError("must be a list of strings, each one scope without spaces")
    return tuple(value)


def issuer(value: object) -> str:
    """An issuer URL (OpenID Connect Discovery section 3), unchanged: issuers are compared letter for letter."""
    from urllib.parse import urlsplit

    url = text(value)
    if not re.fullmatch(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[1-9][0-9]{0,4})?(?:/[!-~]*)?", url):
        raise UnfitError("must be a URL such as https://login.example.com/oauth2/default, without user or password")
    if "?" in url or "#" in url:
        raise UnfitError("must be a URL without query and fragment")
    if url.endswith(_ISSUER_TAIL):
        raise UnfitError(f"must be the issuer itself, without {_ISSUER_TAIL}")
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise UnfitError("has an impossible host or port") from None
    if url.startswith("http:") and not is_loopback(url):
        raise UnfitError("must begin with https://; plain http is for loopback hosts only")
    return url


def parameters(value: object) -> dict[str, str]:
    """A table of strings to add to the authorization request."""
    if not isinstance(value, dict):
        raise UnfitError(f'must be a table such as {{ prompt = "consent" }}, not {toml_type(value)}')
    for parameter, string in value.items():
        if parameter in _RESERVED:
            raise UnfitError(f"must not set {parameter}, which is not free to choose or has a key of its own")
        try:
            text(string)
        except UnfitError as error:
            raise UnfitError(f"{shown(parameter)} {error}") from None
    return value


def globs(value: object) -> tuple[str, ...]:
    """A list of names with wildcards."""
    if not isinstance(value, list):
        raise UnfitError(f'must be a list such as ["dev-*"], not {toml_type(value)}')
    return tuple(map(text, value))


def ports(value: object) -> tuple[int, ...]:
    """A list of TCP ports."""
    if not isinstance(value, list) or not value:
        raise UnfitError("must be a list of ports such as [8400, 8401]")
    for port in value:
        if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65_535:
            raise UnfitError("must be a list of integers from 1 to 65535")
    return tuple(value)
