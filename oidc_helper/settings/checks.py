"""Checks of single values: each returns the value to use, or raises UnfitError with the form that it should have."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oidc_helper.machine.hosts import is_loopback
from oidc_helper.settings import regions as regions_of_aws
from oidc_helper.settings.limits import limits
from oidc_helper.words import did_you_mean, listed, shown, toml_type

Check = Callable[[object], Any]

_ENDLESS_S = 10**9
_PARTITION = "aws(?:-[a-z]+)*"
_WORD = r"[A-Za-z0-9_+=,.@-]"  # IAM's and STS's alphabet for names
_ISSUER_TAIL = "/.well-known/openid-configuration"
# Parameters of an authorization request that the sign-in sets itself, or that have a key of their own.
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
    """A value failed its check; the text completes `profile.NAME.KEY: `, and shows a value by `words.shown` only."""


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
    """`true`, for a key that is left out otherwise."""
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


def limited_seconds(*member: str) -> Check:
    """A whole number of seconds within the limits of the service model."""

    def check(value: object) -> int:
        least, most, _ = limits(*member)
        return int(seconds(least or 1, most or _ENDLESS_S)(value))

    return check


def limited_text(*member: str) -> Check:
    """A string within the limits of the service model."""

    def check(value: object) -> str:
        limit = limits(*member)
        return str(matching(limit.expression, limit.described)(value))

    return check


def no_longer_than_in(member: tuple[str, str, str], form: Check) -> Check:
    """A string of the form, and of no more characters than the service model allows."""

    def check(value: object) -> str:
        string, most = str(form(value)), limits(*member).most
        if most and len(string) > most:
            raise UnfitError(f"must not have more than {most} characters")
        return string

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


def is_name(word: str) -> bool:
    """Whether a profile or an identity may be called so."""
    try:
        name(word)
    except UnfitError:
        return False
    return True


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

# AWS
_ARN = ("sts", "AssumeRole", "RoleArn")
role_arn = no_longer_than_in(
    _ARN,
    arn(
        "arn:aws:iam::123456789012:role/NAME",
        ("resource", "role", "role"),
        ("name", f"(?:[!-~]+/)?{_WORD}+", "a path and letters, digits or any of _+=,.@-"),
    ),
)
# No AWS document shows this ARN outside the partition aws, so the check asks hardly anything of it.
context_provider_arn = no_longer_than_in(
    _ARN, matching(f"arn:{_PARTITION}:[!-~]+", "arn:aws:iam::aws:contextProvider/IdentityCenter")
)


def region(value: object) -> str:
    """The name of a region, which need not be one that botocore knows."""
    string = text(value)
    if not re.fullmatch(r"[a-z]{2,5}(?:-[a-z]+){1,3}-[0-9]{1,2}", string):
        nearest = did_you_mean(string, regions_of_aws.known())
        raise UnfitError(f"{shown(string)} does not look like a region such as eu-west-1{nearest}")
    return string


duration_seconds = limited_seconds("sts", "AssumeRole", "DurationSeconds")
role_session_name = limited_text("sts", "AssumeRole", "RoleSessionName")
permission_set = limited_text("sso-admin", "CreatePermissionSet", "Name")
account_access = matching("aa-[a-z0-9-]+", "a tenant such as aa-0123456789ab")
s3_target = no_longer_than_in(
    ("s3control", "GetDataAccess", "Target"),
    matching(r"s3://[a-z0-9][a-z0-9.-]+[a-z0-9](?:/[^\n]*)?", "s3://BUCKET/PREFIX*"),
)
_account = matching("[0-9]{12}", "an account id of 12 digits")

# A sign-in at an identity provider.
redirect_path = matching(r"/[A-Za-z0-9._~/-]{0,200}", "a path such as /oidc-helper/callback")
resource = matching(r"[A-Za-z][A-Za-z0-9+.-]*:[!-\"$-~]+", "a URI such as https://api.example.com/")  # RFC 8707


def application_arn(value: object) -> str:
    """The ARN of an Identity Center application, as the service model describes it."""
    return str(_application_arn()(value))


@functools.cache
def _application_arn() -> Check:
    """The lengths of the instance and the application come from the model's pattern, their only source."""
    pattern = limits("sso-admin", "DescribeApplication", "ApplicationArn").pattern or ""
    instance, application = [*pattern.split("/"), "", ""][1:3]
    return arn(
        "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef",
        ("resource", "application", "application"),
        _identifier("instance", "ssoins-", instance),
        _identifier("application", "apl-", application),
    )


def _identifier(name: str, prefix: str, pattern: str) -> tuple[str, str, str]:
    """The part of an ARN that begins with the prefix, and how many letters and digits follow it."""
    length = re.search(r"\{([0-9]+)\}$", pattern)
    form = f"{prefix} and {length[1] if length else 'some'} letters or digits"
    return name, pattern or "[A-Za-z0-9.-]+", form


def regions(value: object) -> str | tuple[str, ...]:
    """A region, or a list of regions of one partition."""
    if not isinstance(value, list):
        return str(region(value))
    if not value:
        raise UnfitError("must have at least one region in it")
    names = tuple(str(region(each)) for each in value)
    for position, region_name in enumerate(names):
        if region_name in names[:position]:
            raise UnfitError(f"has {region_name} twice")
        if _partition_prefix(region_name) != _partition_prefix(names[0]):
            raise UnfitError(f"must have regions of one partition: {names[0]} and {region_name} are in two")
    return names


def _partition_prefix(region_name: str) -> str:
    """The beginning of a region's name that tells its partition; empty in the partition aws."""
    match = re.match(r"cn-|eusc-|us-gov-|[a-z]{2}-iso[a-z]*-", region_name)
    return match[0] if match else ""


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
    """A list of words, the program first; only the words after the program may be empty."""
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
    """An issuer URL (OpenID Connect Discovery section 3), unchanged: issuers are compared character by character."""
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
