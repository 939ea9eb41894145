"""`exec` on a hit: the program replaces this process after almost no imports, as fast as `get` answers."""

import os

from oidc_helper.handover import variables

_IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ")  # the program would inherit this


def become(words: list[str], profile: str, answer: bytes, region: str) -> None:
    """Become the program, with the credentials of `answer`; returns if the full oidc-helper has to take over."""
    credentials = _members(answer)
    if not credentials or os.environ.get(variables.PROFILE):
        return
    to_set = variables.of_credentials(credentials, profile=profile, region=region)
    replace_process(words, variables.replaced(dict(os.environ), to_set))


def replace_process(words: list[str], environment: dict[str, str]) -> OSError | ValueError:
    """Replace this process by a program; returns the reason if that fails, a ValueError if the program has no name."""
    import _signal as signals  # type: ignore[import-not-found]  # importing signal takes 2 ms, for its enumerations

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
    """The members of the JSON that `aws.credentials` writes, without the 3 ms that importing json takes.

    Without backslashes, each quotation mark begins or ends a string. Empty if a member is not a string.
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
