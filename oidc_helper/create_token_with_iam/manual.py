"""`--help` and `--version`, built from the tables and the service model so that no option can be missing."""

import platform
from collections.abc import Iterator, Mapping
from textwrap import TextWrapper

import botocore

from oidc_helper import __version__
from oidc_helper.create_token_with_iam.arguments import COMMAND, GLOBAL, OURS, SKELETON, WHOLE_INPUT, Option
from oidc_helper.create_token_with_iam.checks import GRANTS
from oidc_helper.create_token_with_iam.model import Member

_WRAPPER = TextWrapper(width=100, initial_indent=" " * 6, subsequent_indent=" " * 6)
_EXIT_CODES = """\
exit codes, those of the AWS CLI:
  0    done
  130  interrupted
  252  wrong usage, or an invalid parameter
  253  settings or credentials
  254  the service refused
  255  anything else"""


def text(members: Mapping[str, Member]) -> str:
    """The text of `--help`."""
    return "\n".join([*_lines(members), ""])


def version() -> str:
    """One line in the form of a user agent."""
    system = f"{platform.system()}/{platform.release()}"
    return f"oidc-helper/{__version__} Botocore/{botocore.__version__} Python/{platform.python_version()} {system}"


def _lines(members: Mapping[str, Member]) -> Iterator[str]:
    yield f"usage: {COMMAND} --client-id ARN --grant-type TYPE [options]"
    yield ""
    yield "Exchange a token or code for tokens of IAM Identity Center: CreateTokenWithIAM as AWS defines it,"
    yield "with every option of aws sso-oidc create-token-with-iam. Examples: oidc-helper help create-token-with-iam"
    yield ""
    yield "grant types:"
    for name, grant in GRANTS.items():
        yield f"  {name}"
        takes = ", ".join(members[member].option for member in (*grant.needed, *grant.optional))
        yield from _WRAPPER.wrap(f"{grant.meaning}; takes {takes}")
    yield ""
    yield "parameters (a VALUE may be file://PATH, or - for standard input: secrets do not belong on a command line):"
    for member in members.values():
        value = "[VALUE ...]" if member.shape.type_name == "list" else "VALUE"
        yield from _entry(f"{member.option} {value}", ("required. " if member.required else "") + member.meaning)
    yield ""
    yield "input and skeletons:"
    yield from _entries((*WHOLE_INPUT, SKELETON))
    yield ""
    yield "beyond the AWS CLI:"
    yield from _entries(OURS)
    yield ""
    yield "global options:"
    yield from _entries((*GLOBAL, Option("--help", "print this")))
    yield ""
    yield _EXIT_CODES


def _entries(options: tuple[Option, ...]) -> Iterator[str]:
    for option in options:
        choices = option.keywords.get("choices")
        value = "{" + "|".join(choices) + "}" if choices else option.value
        value = f"[{value}]" if option.keywords.get("nargs") == "?" else value
        yield from _entry(f"{option.name} {value}".rstrip(), option.meaning)


def _entry(head: str, meaning: str) -> Iterator[str]:
    yield f"  {head}"
    yield from _WRAPPER.wrap(meaning)
