"""What an administrator sets up at AWS: one table of its pieces, and plans that make them, in three languages."""

from collections.abc import Callable, Mapping

from oidc_helper.setup.wanted import Wanted


def plan(kind: str, wanted: Wanted) -> str:
    """The plan of that kind, as a file holds it."""
    return KINDS[kind](wanted)


def _shell(wanted: Wanted) -> str:
    from oidc_helper.setup import shell

    return shell.script(wanted)


def _terraform(wanted: Wanted) -> str:
    from oidc_helper.setup import terraform

    return terraform.configuration(wanted)


def _cloudformation(wanted: Wanted) -> str:
    from oidc_helper.setup import cloudformation

    return cloudformation.template(wanted)


KINDS: Mapping[str, Callable[[Wanted], str]] = {
    "shell": _shell,
    "terraform": _terraform,
    "cloudformation": _cloudformation,
}
