"""What an administrator sets up at AWS: one table of its pieces, and plans that make them, in three languages."""

from collections.abc import Callable, Mapping

from oidc_helper.setup.spec import Spec


def plan(kind: str, spec: Spec) -> str:
    """The text of the plan of that kind."""
    return KINDS[kind](spec)


def _shell(spec: Spec) -> str:
    from oidc_helper.setup import shell

    return shell.script(spec)


def _terraform(spec: Spec) -> str:
    from oidc_helper.setup import terraform

    return terraform.configuration(spec)


def _cloudformation(spec: Spec) -> str:
    from oidc_helper.setup import cloudformation

    return cloudformation.template(spec)


KINDS: Mapping[str, Callable[[Spec], str]] = {
    "shell": _shell,
    "terraform": _terraform,
    "cloudformation": _cloudformation,
}
