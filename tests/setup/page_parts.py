"""The parts of oidc-helper-setup(7) that come from the table of the set-up's pieces.

    PYTHONPATH=tests python -m setup.page_parts

writes them into the page, each behind its comment. A test compares them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from setup.spec_cases import ROLE, spec

from oidc_helper.setup import calls
from oidc_helper.setup.pieces import Step, pieces
from oidc_helper.setup.providers import PROVIDERS, Provider

PAGE = Path(__file__).parents[2] / "man/oidc-helper-setup.7"
_COLUMNS = 64
_MARK = re.compile(
    r'^\.\\" From the table: ([^\n]*)\n'
    r"(?:\.Bd -literal -offset indent\n.*?\.Ed\n|\.Bl -enum\n.*?\.El\n)",
    re.MULTILINE | re.DOTALL,
)
# The names that the examples of the page have; the others are variables of its shell.
_NAMES = {
    "CALLER_NAME": "tip-caller",
    "CALLER_PATH": "",
    "ROLE_NAME": "analytics",
    "ROLE_PATH": "",
    "TRUSTED_NAME": "oidc-helper",
    "GROUP": "analysts",
    "PARTITION": "aws",
    "ACCOUNT_ID": "111122223333",
    "PERMISSION_SET": "Admin",
    "TENANT": "aa-0123456789ab",
    "LOCATION_ROLE_NAME": "access-grants-location",
    "LOCATION_ROLE_PATH": "",
    "GRANTS_REGION": "",
    "BUCKET": "reports",
    "SUB_PREFIX": "reports/2026/*",
    "PERMISSION": "READ",
}
_BUILDER = {**_NAMES, "ROLE_NAME": "builder"}


def _steps(**values: object) -> Callable[[str], list[Step]]:
    """All steps of a set-up that a person makes by hand, by heading."""
    groups = dict(pieces(spec(**values)))
    return lambda heading: [step for step in groups[heading] if not step.only_in_plans]


_role = _steps(role_arn=ROLE, **{"for": ("redshift",)})
_grant = _steps(role_arn=ROLE, s3_grant_target="s3://reports/2026/*")
_set = _steps(account_id="111122223333", permission_set="Admin")
_tenant = _steps(role_arn=ROLE, account_access="aa-0123456789ab")


def _commands() -> Iterator[tuple[str, Sequence[Step]]]:
    of_caller = [step for heading in ("The application", "A role session") for step in _role(heading)]
    yield "the caller", _role("The caller")
    yield "the application", _role("The application")[:2]
    yield "the caller in another account", [step for step in of_caller if step.call.account == "CALLER_ACCOUNT"]
    yield "the trusted token issuer", _role("The trusted token issuer")
    yield "the group", _role("Who may sign in")
    yield "everybody", _role("Or everybody")
    yield "a role session", _role("A role session")[:1]
    yield "a permission set", [*_set("Scopes"), *_set("A permission set")]
    yield "account access", [*_tenant("A role of account access manager")[:2], *_tenant("Scopes")]
    yield "an entitlement", _tenant("A role of account access manager")[2:]
    yield "Redshift", [*_role("Scopes"), *_role("Redshift")]
    yield "S3 access grants", [*_grant("Scopes"), *_grant("S3 access grants")]


def parts() -> dict[str, str]:
    """Each part of the page by its name, as roff."""
    blocks = {name: _block(steps, _BUILDER if name == "account access" else _NAMES) for name, steps in _commands()}
    return {**blocks, **{f"steps at {provider.name}": _list(provider) for provider in PROVIDERS}}


def in_page() -> dict[str, str]:
    """The same, as the page has them."""
    return {match[1]: match[0].partition("\n")[2] for match in _MARK.finditer(PAGE.read_text(encoding="utf-8"))}


def _block(steps: Sequence[Step], names: dict[str, str]) -> str:
    lines = []
    for step in steps:
        made = calls.lines(step.call, names, columns=_COLUMNS)
        if step.variable:
            made = f"{step.variable}=$({chr(10).join(made)})".split("\n")
        lines += made
    text = "\n".join(lines).replace("$GRANTS_ACCOUNT", "$ACCOUNT")
    roff = text.replace("\\", "\\e").replace("'", "\\(aq")
    return f".Bd -literal -offset indent\n{roff}\n.Ed\n"


def _list(provider: Provider) -> str:
    items = "".join(f".It\n{_sentence(step)}\n" for step in provider.steps)
    return f".Bl -enum\n{items}.El\n"


def _sentence(text: str) -> str:
    lines = re.sub(r"(?<=[a-z]\.) (?=[A-Z])", "\n", text.replace(": ", ":\n", 1))
    return lines.replace("\\", "\\e").replace('"', "\\(dq")


if __name__ == "__main__":
    made = parts()
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        _MARK.sub(lambda match: f'.\\" From the table: {match[1]}\n{made[match[1]]}', text), encoding="utf-8"
    )
