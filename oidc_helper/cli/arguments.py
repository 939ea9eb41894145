"""The command line as one table of commands: what each takes, what it teaches, and the function that runs it."""

import argparse
import gc
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple, NoReturn, TextIO

from oidc_helper import __version__
from oidc_helper.errors import WrongSettings
from oidc_helper.words import did_you_mean

OPERATION = "create-token-with-iam"

Run = Callable[[argparse.Namespace, TextIO], int]
"""Gets the options and where the answer goes; returns the exit code."""


class Argument(NamedTuple):
    """One argument as argparse takes it; `settings` are its keywords. Of one `choice` only one may be given."""

    flag: str
    settings: dict[str, object]
    choice: str = ""


class Command(NamedTuple):
    """A command; `quiet` ones are run by SDKs, which must find nothing but the answer."""

    name: str
    run: Run
    summary: str
    teaching: str
    arguments: Sequence[Argument] = ()
    quiet: bool = False


def _run(module: str, function: str) -> Run:
    """A function of a module beside this one, which is imported when it is called: a fetch needs one of four."""

    def run(options: argparse.Namespace, answer: TextIO) -> int:
        loaded = import_module(f"oidc_helper.cli.{module}")
        gc.enable()
        return int(getattr(loaded, function)(options, answer))

    return run


def _profile(help_text: str = "a profile of the configuration", **settings: object) -> Argument:
    return Argument("profile", {"metavar": "PROFILE", "help": help_text, **settings})


def _switch(flag: str, help_text: str) -> Argument:
    return Argument(flag, {"action": "store_true", "help": help_text})


def _way(way: str, help_text: str) -> Argument:
    return Argument(f"--{way}", {"action": "store_const", "const": way, "dest": "way", "help": help_text}, "way")


def _value(flag: str, metavar: str, help_text: str) -> Argument:
    return Argument(flag, {"metavar": metavar, "help": help_text})


COMMANDS: tuple[Command, ...] = (
    Command(
        "get",
        _run("credentials", "get"),
        "print credentials as credential_process JSON",
        "The line for ~/.aws/config, in a profile that has no other credential key:\n\n"
        "  [profile analytics]\n  credential_process = oidc-helper get analytics\n  region = eu-west-1\n\n"
        "It asks nobody anything: where a person must sign in it exits with 3 and says how. Only with\n"
        'sign_in = "when-needed" in the profile, and at a terminal, it signs the person in itself.',
        (
            _profile(),
            _switch("--refresh", "ask for new credentials though the cached ones are fresh"),
            _switch("--ahead", "renew what will soon be due and print nothing, as get itself does in the background"),
        ),
        quiet=True,
    ),
    Command(
        "login",
        _run("session", "login"),
        "sign in, and fetch all that get needs",
        "Lets you sign in with the browser, exchanges what that brings, and keeps tokens and credentials, so that\n"
        "the next get answers at once. Who is signed in already is told so. Where no browser can be opened, a code\n"
        "is shown to enter on another device, or an address is asked for.\n\n"
        "A source that needs nobody is read anew; where it has only a token that was exchanged before, the\n"
        "sign-in that it brought goes on.",
        (
            _profile(),
            _way("device", "show a code to enter on another device"),
            _way("paste", "ask for the address that a browser elsewhere was sent to"),
            _switch("--force", "sign in anew, be it as somebody else"),
        ),
    ),
    Command(
        "logout",
        _run("session", "logout"),
        "forget, here and on the servers",
        "Ends the session at Identity Center and at the identity provider, and removes their tokens and the\n"
        "credentials of every profile that shares them. What could not be reached is told. Credentials that were\n"
        "handed out before stay valid until they expire: AWS cannot take them back.",
        (
            _profile("the profile whose sign-in to end", nargs="?"),
            _switch("--all", "every sign-in and every record of this configuration"),
        ),
    ),
    Command(
        "status",
        _run("status", "status"),
        "what is cached, until when, and when to sign in again",
        "Opens no secret: a locked keyring stays locked, and nothing is fetched.",
        (_switch("--json", "print it as JSON"),),
    ),
    Command(
        "token",
        _run("credentials", "token"),
        "print the Identity Center access token",
        "For services that take it as a bearer token:\n\n"
        '  curl -H "Authorization: Bearer $(oidc-helper token analytics)" https://...',
        (_profile(), _switch("--id-token", "print the ID token instead")),
        quiet=True,
    ),
    Command(
        "explain",
        _run("status", "explain"),
        "the resolved settings of a profile, and where each came from",
        "Prints JSON. Uses no network and opens no secret.",
        (_profile(),),
    ),
    Command(
        OPERATION,
        lambda _options, _answer: 0,
        "the raw operation, with every option of the AWS CLI's command",
        "oidc-helper create-token-with-iam --help lists its options.",
    ),
    Command(
        "emulator",
        _run("emulator", "emulator"),
        "a local stand-in for the identity provider, Identity Center, portal and STS",
        "Runs until it is interrupted. Prints the variables to export and an example configuration, so that this\n"
        "or any other program can be tried without AWS.\n\n"
        "An identity provider of your own can be tried too: the emulator trusts it as AWS does a trusted token\n"
        "issuer and an IAM OIDC provider, and whoever has that email address there may do what Alice may.",
        (
            Argument(
                "--port", {"type": int, "default": 0, "metavar": "PORT", "help": "the port (default: a free one)"}
            ),
            _value("--issuer", "URL", "an identity provider of your own, to be trusted instead of the built-in one"),
            _value("--audience", "CLIENT_ID", "the aud of its identity tokens"),
            _value("--email", "ADDRESS", "the email claim of the person who signs in there"),
        ),
    ),
    Command(
        "demo",
        _run("emulator", "demo"),
        "the whole chain on the emulator, with a real SDK at the end",
        "Works in a temporary home: neither your files nor your keyring are touched, and nothing is left behind.",
    ),
)

_EXIT_CODES = """exit codes:
  0  done
  1  failed
  2  wrong usage or settings
  3  a person must sign in
  4  cannot reach the identity provider or AWS: try again
  5  refused by the identity provider or AWS: trying again will not help
  6  the store cannot be used

files and variables:
  config.toml in the user's configuration directory; OIDC_HELPER_CONFIG or --config names another
  see oidc-helper(1) and oidc-helper-config(5)
"""


class _Parser(argparse.ArgumentParser):
    """Complains as all of the program does."""

    def error(self, message: str) -> NoReturn:
        if unknown := re.match(r"argument COMMAND: invalid choice: '?([^' ]*)", message):
            names = [command.name for command in COMMANDS]
            message = f"there is no command {unknown[1][:40]!a}{did_you_mean(unknown[1], names)}"
        raise WrongSettings(message, f"{self.prog} --help")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Parse a command line. Raises WrongSettings; SystemExit after --help and --version."""
    named = [command for command in COMMANDS if words[:1] == [command.name]]
    whole = parser(named or COMMANDS)  # all of them take 5 ms
    options, unknown = whole.parse_known_args(words)
    asked = f"oidc-helper {options.command}" if options.command else "oidc-helper"
    if unknown:
        known = [action.option_strings[-1] for action in options.parser._actions if action.option_strings]  # noqa: SLF001
        raise WrongSettings(
            f"{asked} does not take {unknown[0][:40]!a}{did_you_mean(unknown[0], known)}", f"{asked} --help"
        )
    if not options.command:
        raise WrongSettings("a command is missing", "oidc-helper --help")
    return options


def before_operation(words: Sequence[str]) -> argparse.Namespace | None:
    """Parse what stands before the raw operation; `rest` is its name and all behind it. None for other commands.

    Raises WrongSettings.
    """
    if OPERATION not in words:
        return None
    common = _Parser(prog="oidc-helper", add_help=False, allow_abbrev=False)
    _add_common(common, default=None)
    common.add_argument("rest", nargs=argparse.REMAINDER)
    options, unknown = common.parse_known_args(words)
    return options if options.rest[:1] == [OPERATION] and not unknown else None


def parser(known: Sequence[Command] = COMMANDS) -> argparse.ArgumentParser:
    """Build the parser from the table."""
    whole = _Parser(
        prog="oidc-helper",
        description="AWS credentials from your identity provider, through IAM Identity Center, for every AWS SDK.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"oidc-helper {__version__}")
    _add_common(whole, default=None)
    commands = whole.add_subparsers(metavar="COMMAND", title="commands", dest="command")
    whole.set_defaults(parser=whole)
    for command in known:
        one = commands.add_parser(
            command.name,
            help=command.summary,
            description=command.summary,
            epilog=command.teaching,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        choices: dict[str, argparse._MutuallyExclusiveGroup] = {}
        for argument in command.arguments:
            if argument.choice and argument.choice not in choices:
                choices[argument.choice] = one.add_mutually_exclusive_group()
            choices.get(argument.choice, one).add_argument(argument.flag, **argument.settings)  # type: ignore[arg-type]
        _add_common(one, default=argparse.SUPPRESS)
        one.set_defaults(run=command.run, quiet=command.quiet, parser=one)
    return whole


def _add_common(one: argparse.ArgumentParser, default: object) -> None:
    """Options that stand before the command or behind it."""
    one.add_argument("--config", metavar="FILE", default=default, help="the configuration file to use")
    one.add_argument(
        "--debug", action="store_true", default=default, help="say on stderr what is asked of whom; shows no secret"
    )
