"""The plan as a POSIX shell script: it looks before it makes, and stops at the first error."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from oidc_helper.setup import calls, comments, providers
from oidc_helper.setup.pieces import Call, Search, Step, pieces
from oidc_helper.setup.spec import Spec

_SETTLING_S = 15  # IAM makes a new role known everywhere within seconds; until then policies that name it are refused

_FUNCTIONS = r"""
made=0
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

stop() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Prints what AWS answers, and nothing if there is no such thing; any other error ends the script.
ask() {
  if "$@" 2>"$errors"; then
    return
  fi
  if grep -Eq '\((NoSuchEntity|ResourceNotFoundException|AccessGrantsInstanceNotExistsError)\)' "$errors"; then
    return
  fi
  cat "$errors" >&2
  return 1
}

# Prints the first word of the answer.
look() {
  answer=$(ask "$@")
  printf '%s\n' "${answer%%[[:space:]]*}"
}

# Prints the elements of a list, to follow what is added to it.
others() {
  answer=$(ask "$@" --output json)
  answer=${answer#\[}
  answer=${answer%\]}
  case $answer in *[![:space:]]*) printf ', %s' "$answer" ;; esac
}

making() {
  made=$((made + 1))
  printf 'making %s\n' "$1" >&2
}
"""
_AWS_IN = r"""
# Runs the AWS CLI in another account.
aws_in() {
  account=$1
  shift
  eval "profile=\${PROFILE_$account-}"
  [ -n "$profile" ] || stop "set PROFILE_$account to an AWS profile of an administrator of account $account"
  aws --profile "$profile" "$@"
}
"""
_JSON_OF = r"""
# Prints a text escaped for a JSON string.
json() {
  printf '%s' "$1" | sed 's/[\\"]/\\&/g'
}
"""
_LOOK_FOR_INSTANCE = """
# The instance
ACCOUNT=$(aws sts get-caller-identity --query Account)
printf 'in account %s, and the region %s of Identity Center\\n' "$ACCOUNT" "$REGION" >&2"""


def variables(spec: Spec) -> dict[str, str]:
    """The values that a script begins with, by their names in the pieces."""
    caller, role = spec.caller_role, spec.role
    values = {
        "ISSUER": spec.issuer,
        "ISSUER_NAME": spec.issuer_name,
        "AUDIENCE": spec.audience,
        "CLAIM": spec.claim,
        "ATTRIBUTE": spec.attribute,
        "TRUSTED_NAME": spec.trusted_name,
        "REGION": spec.region,
        "GROUP": spec.group,
    }
    if spec.has_caller_role:
        values |= {"CALLER_NAME": caller.name, "CALLER_PATH": caller.path}
    if role:
        values |= {"ROLE_NAME": role.name, "ROLE_PATH": role.path}
    if spec.permission_set:
        values |= {"ACCOUNT_ID": spec.account_id, "PERMISSION_SET": spec.permission_set}
    if spec.tenant:
        values |= {"TENANT": spec.tenant}
    if spec.target:
        values |= {
            "GRANTS_REGION": spec.grants_region,
            "BUCKET": spec.bucket,
            "SUB_PREFIX": spec.sub_prefix,
            "PERMISSION": spec.permission,
            "LOCATION_ROLE_NAME": "access-grants-location",
            "LOCATION_ROLE_PATH": "/",
        }
    return values


def script(spec: Spec) -> str:
    """The whole script. All that comes from the settings is in the values at its beginning, each quoted."""
    values = variables(spec)
    work = [
        *_beginning(spec),
        *(line for heading, steps in pieces(spec) for line in _piece(heading, steps, spec)),
        "",
        *_ending(spec),
    ]
    used = set(re.findall(r"\$\{?([A-Z_]+)", "\n".join(work)))
    escaped = [name for name in calls.ESCAPED if f"{name}_JSON" in used]
    parts = [
        "#!/bin/sh",
        comments.block(_introduction(spec)).rstrip(),
        "set -eu",
        "",
        *(f"{name}={_value(name, value)}" for name, value in values.items() if name in {*used, *escaped, "REGION"}),
        'export AWS_REGION="$REGION" AWS_DEFAULT_REGION="$REGION" AWS_DEFAULT_OUTPUT=text AWS_PAGER=',
        _FUNCTIONS.rstrip(),
        *([_AWS_IN.rstrip()] if other_accounts(spec) else []),
        *([_JSON_OF.rstrip()] if escaped else []),
        *(f'{name}_JSON=$(json "${name}")' for name in escaped),
        *work,
    ]
    return "\n".join(parts) + "\n"


def _value(name: str, value: str) -> str:
    """The value, quoted; if the plan has no group, the environment may set one."""
    quoted = shlex.quote(value)
    return f"${{GROUP-{quoted}}}" if name == "GROUP" and not value else quoted


def _introduction(spec: Spec) -> Iterator[str]:
    yield (
        "Sets up Identity Center and IAM for oidc-helper: looks before it makes anything, stops at the first error, and"
        " may be run again. It needs the AWS CLI, and an administrator's credentials in the account of Identity Center."
        " At its end it prints the two lines for config.toml."
    )
    if not spec.group:
        yield ""
        yield "Every user of Identity Center may use the application then; to admit a group only, set GROUP."
    for account in other_accounts(spec):
        yield ""
        yield f"Account {account} is another one: set PROFILE_{account} to an AWS profile of its administrator."
    if spec.other_caller:
        yield ""
        yield f"Set CALLER to the ARN of the caller, which is no role of a web identity: {spec.other_caller}"
    yield ""
    yield from providers.steps(spec)


def _beginning(spec: Spec) -> Iterator[str]:
    yield _LOOK_FOR_INSTANCE
    if spec.account:
        yield f'[ "$ACCOUNT" = {spec.account} ] ||'
        yield f'  stop "these are credentials of account $ACCOUNT, and the plan is for {spec.account}"'
    listing = Call("sso-admin", "list-instances", {}, "Instances[].InstanceArn")
    first = _assigned("INSTANCE", listing, spec, "look")
    if spec.instance:
        query = f"Instances[?InstanceArn=='{spec.instance}'].InstanceArn"
        yield from _assigned("INSTANCE", listing._replace(query=query), spec, "look")
        yield from _unless("INSTANCE", first)
    else:
        yield from first
    yield '[ -n "$INSTANCE" ] || stop "there is no instance of Identity Center in $REGION"'
    yield "PARTITION=${INSTANCE#arn:}"
    yield "PARTITION=${PARTITION%%:*}"
    store = listing._replace(query="Instances[?InstanceArn=='{INSTANCE}'].IdentityStoreId")
    yield from _assigned("STORE", store, spec, "look")
    if spec.is_known_to_iam:
        yield f"PROVIDER={spec.issuer_name}"
    if not spec.has_caller_role:
        yield ': "${CALLER:?set it to the ARN of the principal that signs CreateTokenWithIAM}"'
    if spec.target:
        yield f"GRANTS_ACCOUNT={spec.grants_account or '$ACCOUNT'}"
    if spec.application:
        query = f"Applications[?ApplicationArn=='{spec.application}'].ApplicationArn"
        call = Call("sso-admin", "list-applications", {"instance-arn": "{INSTANCE}"}, query)
        yield from _assigned("APPLICATION", call, spec, "look")


def _piece(heading: str, steps: Sequence[Step], spec: Spec) -> Iterator[str]:
    yield ""
    yield f"# {heading}"
    for (condition, unless), group in groupby(steps, lambda step: (step.condition, step.unless)):
        lines = [line for step in group for line in _step(step, spec)]
        if condition:
            yield f'if [ -n "${condition}" ]; then'
        elif unless:
            yield f'if [ -z "{"".join(f"${name}" for name in unless)}" ]; then'
        if condition or unless:
            yield from calls.indented(lines)
            yield "fi"
        else:
            yield from lines


def _step(step: Step, spec: Spec) -> Iterator[str]:
    if not step.look:
        yield from _assigned(step.variable, step.call, spec, "look" if step.only_in_plans or step.required else "")
        if step.required:
            yield f'[ -n "${step.variable}" ] || stop {shlex.quote(step.required)}'
        return
    variable = step.variable or "FOUND"
    if isinstance(step.look, Search):
        yield from _searched(variable, step.look, spec)
    elif variable == "APPLICATION" and spec.application:
        yield from _unless(variable, _assigned(variable, step.look, spec, "look"))
    else:
        yield from _assigned(variable, step.look, spec, "look")
    mending = [line for each in step.if_found for line in _step(each, spec)]
    yield from _unless(variable, _making(step, spec), mending)
    yield from (f"{name}={words}" for name, words in step.then.items())


def _unless(variable: str, lines: Iterable[str], otherwise: Iterable[str] = ()) -> Iterator[str]:
    yield f'if [ -z "${variable}" ]; then'
    yield from calls.indented(lines)
    if otherwise:
        yield "else"
        yield from calls.indented(otherwise)
    yield "fi"


def _making(step: Step, spec: Spec) -> Iterator[str]:
    for name, call in step.lists.items():
        yield from _assigned(name, call, spec, "others")
    yield f"making {shlex.quote(step.title)}"
    if step.variable:
        yield from _assigned(step.variable, step.call, spec)
    else:
        *first, last = calls.lines(step.call, {}, program=_program(step.call, spec), keeps_lists=True)
        yield from [*first, f"{last} >/dev/null"]
    if step.is_slow_to_be_known:
        yield f'sleep "${{SETTLING_SECONDS-{_SETTLING_S}}}" # until IAM has made it known'


def _searched(variable: str, search: Search, spec: Spec) -> Iterator[str]:
    yield f"{variable}="
    yield from _assigned("LISTED", search.listing, spec)
    yield "for EACH in $LISTED; do"
    yield from calls.indented(_assigned("VALUE", search.description, spec))
    yield f'  if [ "$VALUE" = "${search.value}" ]; then {variable}=$EACH; fi'
    yield "done"


def _assigned(variable: str, call: Call, spec: Spec, function: str = "") -> list[str]:
    """Lines that set the variable to the call's answer, through one of the script's functions if it is named."""
    program = f"{function} {_program(call, spec)}".lstrip()
    first, *rest = calls.lines(call, {}, program=program)
    lines = [f"{variable}=$({first}", *rest]
    lines[-1] += ")"
    return lines


def _program(call: Call, spec: Spec) -> str:
    account = other_account(call, spec)
    return f"aws_in {account}" if account else "aws"


def other_account(call: Call, spec: Spec) -> str:
    """The account that the call goes to, if it is not the application's; else empty."""
    accounts = {
        "CALLER_ACCOUNT": spec.caller_role.account,
        "ROLE_ACCOUNT": spec.role.account if spec.role else "",
        "LOCATION_ROLE_ACCOUNT": spec.grants_account,
        "GRANTS_ACCOUNT": spec.grants_account,
    }
    account = accounts.get(call.account, "")
    return account if spec.account and account != spec.account else ""


def other_accounts(spec: Spec) -> list[str]:
    """The accounts other than the application's in which something is made."""
    steps = (step for _, steps in pieces(spec) for step in steps)
    return list(dict.fromkeys(filter(None, (other_account(step.call, spec) for step in steps))))


def _ending(spec: Spec) -> Iterator[str]:
    yield """[ "$made" -gt 0 ] || echo 'nothing was missing' >&2"""
    yield """printf 'application_arn = "%s"\\n' "$APPLICATION\""""
    if spec.has_caller_role:
        yield """printf 'caller = { web_identity_role_arn = "%s" }\\n' "$CALLER\""""
    else:
        yield f"printf '%s\\n' {shlex.quote(f'caller = {spec.other_caller}')}"
