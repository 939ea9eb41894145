"""`exec` with a record at hand that serves: the program takes our place after next to no imports, as `get` answers."""

import os

from oidc_helper.handover import variables

_IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ")  # which a program would inherit as ignored


def become(words: list[str], profile: str, answer: bytes, region: str) -> None:
    """Become the program, with the credentials of `answer`; returns where the full program has something to say."""
    credentials = _members(answer)
    if not credentials or os.environ.get(variables.PROFILE):
        return
    given = variables.given(credentials, profile=profile, region=region)
    replace_process(words, variables.replaced(dict(os.environ), given))


def replace_process(words: list[str], environment: dict[str, str]) -> OSError | ValueError:
    """Replace this process by a program; returns where that fails, with the reason: ValueError if it has no name."""
    import _signal as signals  # type: ignore[import-not-found]  # signal itself takes 2 ms to make enumerations

    ignored = [getattr(signals, name) for name in _IGNORED_BY_PYTHON]
    for number in ignored:
        signals.signal(number, signals.SIG_DFL)
    try:
        os.execvpe(words[0], words, environment)  # noqa: S606  # no shell is needed
    except (OSError, ValueError) as error:
        reason = error
    for number in ignored:
        signals.signal(number, signals.SIG_IGN)
    return reason


def _members(answer: bytes) -> dict[str, str]:
    """The members of JSON as `aws.credentials` writes it, without the 3 ms that json takes to import.

    Where no backslash is, a quotation mark begins or ends a string. Empty for what is not just strings.
    """
    beginning, _, rest = answer.decode().partition('{"Version":1,"')
    if beginning or "\\" in rest or not rest.endswith('"}'):
        return {}
    members = {}
    for member in rest.removesuffix('"}').split('","'):
        name, _, value = member.partition('":"')
        if not value or '"' in name + value:
            return {}
        members[name] = value
    return members
