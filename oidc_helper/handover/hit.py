"""`exec` with a record at hand that serves: the program takes our place after next to no imports, as `get` answers."""

import os

from oidc_helper.handover import variables

_IGNORED_BY_PYTHON = (13, 25)  # SIGPIPE, SIGXFSZ on Linux


def become(words: list[str], profile: str, answer: bytes, region: str) -> None:
    """Become the program, with the credentials of `answer`; returns where the full program has something to say."""
    credentials = _members(answer)
    if not credentials or os.environ.get(variables.PROFILE):
        return
    given = variables.given(credentials, profile=profile, region=region)
    import _signal as signals  # type: ignore[import-not-found]  # signal itself takes 2 ms to make enumerations

    for number in _IGNORED_BY_PYTHON:
        signals.signal(number, signals.SIG_DFL)
    try:
        os.execvpe(words[0], words, variables.replaced(dict(os.environ), given))  # noqa: S606  # no shell is needed
    except (OSError, ValueError):  # the latter where it has no name
        for number in _IGNORED_BY_PYTHON:
            signals.signal(number, signals.SIG_IGN)


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
