"""The plan as a POSIX shell script: it looks before it makes, and stops at the first error."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from oidc_helper.setup import calls, comments, providers
from oidc_helper.setup.pieces import Call, Search, Step, pieces
from oidc_helper.setup.wanted import Wanted

_SETTLING_S = 15  # IAM makes a new role known everywhere within seconds; until then policies that name it are refused

_FUNCTIONS = r"""
made=0
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

stop() {
  printf '%s\n' "$1" >&2
  exit 1
}

# What AWS answers to a question, and nothing where it has no such thing; any other error ends the script.
asked() {
  if "$@" 2>"$errors"; then
    return
  fi
  if grep -Eq '\((NoSuchEntity|ResourceNotFoundException|AccessGrantsInstanceNotExistsError)\)' "$errors"; then
    return
  fi
  cat "$errors" >&2
  return 1
}

# The first word of it.
look() {
  found=$(asked "$@")
  printf '%s\n' "${found%%[[:space:]]*}"
}

# The elements of a list, to stand behind what is added to it.
others() {
  found=$(asked "$@" --output json)
  found=${found#\[}
  found=${found%\]}
  case $found in *[![:space:]]*) printf ', %s' "$found" ;; esac
}

making() {
  made=$((made + 1))
  printf 'making %s\n' "$1" >&2
}
"""
_AWS_IN = r"""
# The AWS CLI in another account.
aws_in() {
  account=$1
  shift
  eval "profile=\${PROFILE_$account-}"
  [ -n "$profile" ] || stop "set PROFILE_$account to an AWS profile of an administrator of account $account"
  aws --profile "$profile" "$@"
}
"""
_JSON_OF = r"""
# A text as JSON has it between its quotes.
json() {
  printf '%s' "$1" | sed 's/[\\"]/\\&/g'
}
"""
_LOOK_FOR_INSTANCE = """
# The instance
ACCOUNT=$(aws sts get-caller-identity --query Account)
printf 'in account %s, and the region %s of Identity Center\\n' "$ACCOUNT" "$REGION" >&2"""


def variables(wanted: Wanted) -> dict[str, str]:
    """The values that a script begins with, by the names that the pieces have for them."""
    caller, role = wanted.caller_role, wanted.role
    values = {
        "ISSUER": wanted.issuer,
        "ISSUER_NAME": wanted.issuer_name,
        "AUDIENCE": wanted.audience,
        "CLAIM": wanted.claim,
        "ATTRIBUTE": wanted.attribute,
        "TRUSTED_NAME": wanted.trusted_name,
        "REGION": wanted.region,
        "GROUP": wanted.group,
    }
    if wanted.has_caller_role:
        values |= {"CALLER_NAME": caller.name, "CALLER_PATH": caller.path}
    if role:
        values |= {"ROLE_NAME": role.name, "ROLE_PATH": role.path}
    if wanted.permission_set:
        values |= {"ACCOUNT_ID": wanted.account_id, "PERMISSION_SET": wanted.permission_set}
    if wanted.tenant:
        values |= {"TENANT": wanted.tenant}
    if wanted.target:
        values |= {
            "GRANTS_REGION": wanted.grants_region,
            "BUCKET": wanted.bucket,
            "SUB_PREFIX": wanted.sub_prefix,
            "PERMISSION": wanted.permission,
            "LOCATION_ROLE_NAME": "access-grants-location",
            "LOCATION_ROLE_PATH": "/",
        }
    return values


def script(wanted: Wanted) -> str:
    """The whole script. What comes of the settings stands in the values at its beginning only, each quoted."""
    values = variables(wanted)
    work = [
        *_beginning(wanted),
        *(line for heading, steps in pieces(wanted) for line in _piece(heading, steps, wanted)),
        "",
        *_ending(wanted),
    ]
    used = set(re.findall(r"\$\{?([A-Z_]+)", "\n".join(work)))
    escaped = [name for name in calls.ESCAPED if f"{name}_JSON" in used]
    parts = [
        "#!/bin/sh",
        comments.block(_introduction(wanted)).rstrip(),
        "set -eu",
        "",
        *(f"{name}={_value(name, value)}" for name, value in values.items() if name in {*used, *escaped, "REGION"}),
        'export AWS_REGION="$REGION" AWS_DEFAULT_REGION="$REGION" AWS_DEFAULT_OUTPUT=text AWS_PAGER=',
        _FUNCTIONS.rstrip(),
        *([_AWS_IN.rstrip()] if other_accounts(wanted) else []),
        *([_JSON_OF.rstrip()] if escaped else []),
        *(f'{name}_JSON=$(json "${name}")' for name in escaped),
        *work,
    ]
    return "\n".join(parts) + "\n"


def _value(name: str, value: str) -> str:
    """The group may be another one without a new plan."""
    quoted = shlex.quote(value)
    return f"${{GROUP-{quoted}}}" if name == "GROUP" and not value else quoted


def _introduction(wanted: Wanted) -> Iterator[str]:
    yield (
        "Sets up Identity Center and IAM for oidc-helper: looks before it makes anything, stops at the first error, and"
        " may be run again. It needs the AWS CLI, and an administrator's credentials in the account of Identity Center."
        " At its end it prints the two lines for config.toml."
    )
    if not wanted.group:
        yield ""
        yield "Every user of Identity Center may use the application then; to admit a group only, set GROUP."
    for account in other_accounts(wanted):
        yield ""
        yield f"Account {account} is another one: set PROFILE_{account} to an AWS profile of its administrator."
    if wanted.other_caller:
        yield ""
        yield f"Set CALLER to the ARN of the caller, which is no role of a web identity: {wanted.other_caller}"
    yield ""
    yield from providers.steps(wanted)


def _beginning(wanted: Wanted) -> Iterator[str]:
    yield _LOOK_FOR_INSTANCE
    if wanted.account:
        yield f'[ "$ACCOUNT" = {wanted.account} ] ||'
        yield f'  stop "these are credentials of account $ACCOUNT, and the plan is for {wanted.account}"'
    listing = Call("sso-admin", "list-instances", {}, "Instances[].InstanceArn")
    first = _assigned("INSTANCE", listing, wanted, "look")
    if wanted.instance:
        query = f"Instances[?InstanceArn=='{wanted.instance}'].InstanceArn"
        yield from _assigned("INSTANCE", listing._replace(query=query), wanted, "look")
        yield from _unless("INSTANCE", first)
    else:
        yield from first
    yield '[ -n "$INSTANCE" ] || stop "there is no instance of Identity Center in $REGION"'
    yield "PARTITION=${INSTANCE#arn:}"
    yield "PARTITION=${PARTITION%%:*}"
    store = listing._replace(query="Instances[?InstanceArn=='{INSTANCE}'].IdentityStoreId")
    yield from _assigned("STORE", store, wanted, "look")
    if wanted.is_known_to_iam:
        yield f"PROVIDER={wanted.issuer_name}"
    if not wanted.has_caller_role:
        yield ': "${CALLER:?set it to the ARN of the principal that signs CreateTokenWithIAM}"'
    if wanted.target:
        yield f"GRANTS_ACCOUNT={wanted.grants_account or '$ACCOUNT'}"
    if wanted.application:
        found = f"Applications[?ApplicationArn=='{wanted.application}'].ApplicationArn"
        call = Call("sso-admin", "list-applications", {"instance-arn": "{INSTANCE}"}, found)
        yield from _assigned("APPLICATION", call, wanted, "look")


def _piece(heading: str, steps: Sequence[Step], wanted: Wanted) -> Iterator[str]:
    yield ""
    yield f"# {heading}"
    for (condition, unless), group in groupby(steps, lambda step: (step.condition, step.unless)):
        lines = [line for step in group for line in _step(step, wanted)]
        if condition:
            yield f'if [ -n "${condition}" ]; then'
        elif unless:
            yield f'if [ -z "{"".join(f"${name}" for name in unless)}" ]; then'
        if condition or unless:
            yield from calls.indented(lines)
            yield "fi"
        else:
            yield from lines


def _step(step: Step, wanted: Wanted) -> Iterator[str]:
    if not step.look:
        yield from _assigned(step.variable, step.call, wanted, "look" if step.only_in_plans or step.required else "")
        if step.required:
            yield f'[ -n "${step.variable}" ] || stop {shlex.quote(step.required)}'
        return
    variable = step.variable or "FOUND"
    if isinstance(step.look, Search):
        yield from _searched(variable, step.look, wanted)
    elif variable == "APPLICATION" and wanted.application:
        yield from _unless(variable, _assigned(variable, step.look, wanted, "look"))
    else:
        yield from _assigned(variable, step.look, wanted, "look")
    mending = [line for each in step.where_found for line in _step(each, wanted)]
    yield from _unless(variable, _making(step, wanted), mending)
    yield from (f"{name}={words}" for name, words in step.then.items())


def _unless(variable: str, lines: Iterable[str], otherwise: Iterable[str] = ()) -> Iterator[str]:
    yield f'if [ -z "${variable}" ]; then'
    yield from calls.indented(lines)
    if otherwise:
        yield "else"
        yield from calls.indented(otherwise)
    yield "fi"


def _making(step: Step, wanted: Wanted) -> Iterator[str]:
    for name, call in step.lists.items():
        yield from _assigned(name, call, wanted, "others")
    yield f"making {shlex.quote(step.title)}"
    if step.variable:
        yield from _assigned(step.variable, step.call, wanted)
    else:
        *first, last = calls.lines(step.call, {}, program=_program(step.call, wanted), keeps_lists=True)
        yield from [*first, f"{last} >/dev/null"]
    if step.is_slow_to_be_known:
        yield f'sleep "${{SETTLING_SECONDS-{_SETTLING_S}}}" # until IAM has made it known'


def _searched(variable: str, search: Search, wanted: Wanted) -> Iterator[str]:
    yield f"{variable}="
    yield from _assigned("LISTED", search.listing, wanted)
    yield "for EACH in $LISTED; do"
    yield from calls.indented(_assigned("VALUE", search.description, wanted))
    yield f'  if [ "$VALUE" = "${search.value}" ]; then {variable}=$EACH; fi'
    yield "done"


def _assigned(variable: str, call: Call, wanted: Wanted, function: str = "") -> list[str]:
    """The call, through one of the script's functions, whose answer is the variable's value."""
    program = f"{function} {_program(call, wanted)}".lstrip()
    first, *rest = calls.lines(call, {}, program=program)
    lines = [f"{variable}=$({first}", *rest]
    lines[-1] += ")"
    return lines


def _program(call: Call, wanted: Wanted) -> str:
    account = other_account(call, wanted)
    return f"aws_in {account}" if account else "aws"


def other_account(call: Call, wanted: Wanted) -> str:
    """The account that the call goes to, where that is another one."""
    accounts = {
        "CALLER_ACCOUNT": wanted.caller_role.account,
        "ROLE_ACCOUNT": wanted.role.account if wanted.role else "",
        "LOCATION_ROLE_ACCOUNT": wanted.grants_account,
        "GRANTS_ACCOUNT": wanted.grants_account,
    }
    account = accounts.get(call.account, "")
    return account if wanted.account and account != wanted.account else ""


def other_accounts(wanted: Wanted) -> list[str]:
    """The accounts beside the application's, in which something is made."""
    steps = (step for _, steps in pieces(wanted) for step in steps)
    return list(dict.fromkeys(filter(None, (other_account(step.call, wanted) for step in steps))))


def _ending(wanted: Wanted) -> Iterator[str]:
    yield """[ "$made" -gt 0 ] || echo 'nothing was missing' >&2"""
    yield """printf 'application_arn = "%s"\\n' "$APPLICATION\""""
    if wanted.has_caller_role:
        yield """printf 'caller = { web_identity_role_arn = "%s" }\\n' "$CALLER\""""
    else:
        yield f"printf '%s\\n' {shlex.quote(f'caller = {wanted.other_caller}')}"
