"""Explains what people type first, from habit or by guessing, with the line that they mean."""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence

from oidc_helper import settings
from oidc_helper.errors import WrongSettings
from oidc_helper.words import did_you_mean, nearest, shown

_MOST_NAMES = 8  # in a hint

# The line that is meant -> the words that people type for it.
_MEANT: Mapping[str, str] = {
    "configure": "add create edit init new",
    "doctor": "check debug diagnose diagnostics test verify",
    "emulator": "fake mock stub",
    "env": "environment export variables vars",
    "exec": "run shell with",
    "get": "assume creds credential credential-process credential_process credentials fetch print",
    "get --refresh": "refresh renew update",
    "help": "/? ? docs man manual usage",
    "help config": "config configuration settings",
    "help errors": "error errors message messages",
    "help setup": "setup",
    "login": "auth authenticate connect log-in sign-in signin sso start",
    "logout": "clear disconnect forget log-out revoke sign-out signout",
    "profiles": "accounts permission-sets roles",
    "status": "id identity info list ls show state who whoami",
    "token": "access-token id-token jwt",
}
_MEANT_OPTIONS: Mapping[str, str] = {
    "-?": "--help",
    "-c": "--config",
    "-d": "--debug",
    "-j": "--json",
    "-o": "--json",
    "-v": "--debug",
    "--output": "--json",
    "--trace": "--debug",
    "--verbose": "--debug",
}
_PLAIN = re.compile(r"[\w.@:/+=-]{1,64}")


def no_command(word: str, words: Sequence[str], commands: Collection[str]) -> WrongSettings:
    """The error for a word that is no command; `words` are all that were typed."""
    rest = list(words[words.index(word) + 1 :]) if word in words else []
    if word in settings.names("profile"):
        return WrongSettings(f"{word} is a profile, not a command", f"oidc-helper get {word}")
    typed = word.lower()
    from_habit = next((line for line, habits in _MEANT.items() if typed in habits.split()), "")
    meant = typed if typed in commands else from_habit or nearest(word, commands)
    if rest and rest[0] in commands:  # as in `sso login`
        meant, rest = rest[0], rest[1:]
    hint = shlex.join(["oidc-helper", *meant.split(), *(rest if all(map(_PLAIN.fullmatch, rest)) else [])])
    advice = f", did you mean {meant}?" if meant else ""
    return WrongSettings(f"there is no command {shown(word, 40)}{advice}", hint if meant else "oidc-helper --help")


def no_profile(command: str) -> WrongSettings:
    """The error for a command, as it is typed, that lacks the name of a profile."""
    names = settings.names("profile")
    listed = ", ".join(names[:_MOST_NAMES]) + ("" if len(names) <= _MOST_NAMES else ", ...")
    hint = f"{command} PROFILE, one of: {listed}" if names[1:] else f"{command} {names[0] if names else 'PROFILE'}"
    return WrongSettings(f"{command.removeprefix('oidc-helper ')} needs the name of a profile", hint)


def no_option(command: str, word: str, known: Sequence[str]) -> WrongSettings:
    """The error for an option that the command, as it is typed, does not take."""
    meant = _MEANT_OPTIONS.get(word.partition("=")[0], "")
    advice = f", did you mean {meant}?" if meant in known else did_you_mean(word, known)
    return WrongSettings(f"{command} does not take {shown(word, 40)}{advice}", f"{command} --help")
