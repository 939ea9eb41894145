"""The plan for CloudFormation: a template of what has resource types, with the calls for the rest at its top."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oidc_helper.setup import calls, comments, providers, resources, shell
from oidc_helper.setup.pieces import Call, Step
from oidc_helper.setup.resources import Kind, Reference
from oidc_helper.setup.spec import Spec

_STACK = "oidc-helper"


def _pascal(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Properties with the names of the options."""
    return {name.title().replace("-", ""): options[name] for name in names if name in options}


def _capitalized(document: Any) -> Any:
    """A document whose members begin with capital letters."""
    if isinstance(document, Mapping):
        return {name[0].upper() + name[1:]: _capitalized(value) for name, value in document.items()}
    return document


# Operation -> resource; the answer is an attribute, and empty where Ref gives it.
_RESOURCES: Mapping[str, Kind] = {
    "create-open-id-connect-provider": Kind(
        "AWS::IAM::OIDCProvider",
        lambda options: {"Url": options["url"], "ClientIdList": options["client-id-list"]},
        "Arn",
    ),
    "create-role": Kind(
        "AWS::IAM::Role",
        lambda options: {
            "RoleName": options["role-name"],
            "Path": options["path"],
            "AssumeRolePolicyDocument": options["assume-role-policy-document"],
        },
        "Arn",
    ),
    "put-role-policy": Kind(
        "AWS::IAM::RolePolicy", lambda options: _pascal(options, "role-name", "policy-name", "policy-document")
    ),
    "create-application": Kind(
        "AWS::SSO::Application",
        lambda options: _pascal(options, "name", "instance-arn", "application-provider-arn"),
        "ApplicationArn",
    ),
    "create-application-assignment": Kind(
        "AWS::SSO::ApplicationAssignment",
        lambda options: _pascal(options, "application-arn", "principal-type", "principal-id"),
    ),
    "create-permission-set": Kind(
        "AWS::SSO::PermissionSet", lambda options: _pascal(options, "name", "instance-arn"), "PermissionSetArn"
    ),
    "create-account-assignment": Kind("AWS::SSO::Assignment", lambda options: _pascal(options, *options)),
    "create-entitlement": Kind(
        "AWS::AccountAccess::Entitlement",
        lambda options: {
            "ApplicationArn": options["application-arn"],
            "Entitlement": _capitalized(options["entitlement"]),
        },
    ),
    "create-access-grants-instance": Kind(
        "AWS::S3::AccessGrantsInstance",
        lambda options: _pascal(options, "identity-center-arn"),
        "AccessGrantsInstanceArn",
    ),
    "create-access-grants-location": Kind(
        "AWS::S3::AccessGrantsLocation",
        lambda options: {
            "LocationScope": options["location-scope"],
            "IamRoleArn": options["iam-role-arn"],
            # A reference waits for the instance; with DependsOn it could not be an existing one.
            "Tags": [{"Key": "AccessGrantsInstance", "Value": "{GRANTS_INSTANCE}"}],
        },
        "AccessGrantsLocationId",
    ),
    "create-access-grant": Kind(
        "AWS::S3::AccessGrant",
        lambda options: {
            **_pascal(options, "access-grants-location-id", "permission", "grantee"),
            **({"S3PrefixType": options["s3-prefix-type"]} if "s3-prefix-type" in options else {}),
            "AccessGrantsLocationConfiguration": options["access-grants-location-configuration"],
        },
    ),
}
_PSEUDO = {
    "PARTITION": "AWS::Partition",
    "ACCOUNT": "AWS::AccountId",
    "GRANTS_ACCOUNT": "AWS::AccountId",
    "INSTANCE": "Instance",
    "GROUP_ID": "GroupId",
    "TENANT_ARN": "TenantArn",
}
_PLAIN = re.compile(r"(?!(?:yes|no|on|off|y|n|true|false|null)$)[A-Za-z][\w/.:-]*[\w/*]", re.IGNORECASE | re.ASCII)


def template(spec: Spec) -> str:
    """The whole template, which begins with comments."""
    return comments.block(_introduction(spec)) + "\n".join(_yaml(_body(spec))) + "\n"


def _here(spec: Spec) -> list[Step]:
    return [
        step
        for step in resources.steps(spec)
        if step.call.operation in _RESOURCES and not shell.other_account(step.call, spec)
    ]


def _rest(spec: Spec) -> Iterator[Step]:
    """The steps in this account that have no resource type."""
    looks = ("get-group-id", "list-applications")  # parameters have their answers
    for step in resources.steps(spec):
        is_for_everybody = "GROUP" in step.unless
        if step.call.operation not in (*_RESOURCES, *looks) and not (is_for_everybody and spec.group):
            yield step


def _introduction(spec: Spec) -> Iterator[str]:
    yield "Sets up Identity Center and IAM for oidc-helper, in the account and region of Identity Center:"
    yield ""
    yield f"  aws cloudformation deploy --stack-name {_STACK} --template-file FILE --capabilities CAPABILITY_NAMED_IAM"
    if spec.group:
        yield "    --parameter-overrides GroupId=ID   (of the group in Identity Center)"
    yield ""
    yield from resources.not_here(spec)
    yield (
        "CloudFormation has no resource types for what these calls make; run them once the stack is there. Or run the"
        " plan for the shell, which finds what the stack has made, and makes the rest."
    )
    yield ""
    yield from calls.indented(_calls(spec))
    yield ""
    yield from providers.steps(spec)


def _calls(spec: Spec) -> Iterator[str]:
    values = shell.variables(spec)
    lines = []
    for name in ("APPLICATION", "CALLER"):
        output = f"Stacks[0].Outputs[?OutputKey=='{name.title()}'].OutputValue"
        call = Call("cloudformation", "describe-stacks", {"stack-name": _STACK}, output)
        lines += _assigned(name, calls.lines(call, {}))
    lines += _assigned("INSTANCE", calls.lines(Call("sso-admin", "list-instances", {}, "Instances[0].InstanceArn"), {}))
    for step in _rest(spec):
        call_lines = calls.lines(step.call, {})
        lines += _assigned(step.variable, call_lines) if step.variable else call_lines
    used = set(re.findall(r"\$\{?([A-Z_]+)", "\n".join(lines)))
    yield f"export AWS_REGION={spec.region} AWS_DEFAULT_REGION={spec.region} AWS_DEFAULT_OUTPUT=text"
    yield from (f"{name}={shlex.quote(value)}" for name, value in values.items() if name in used)
    yield from lines


def _assigned(variable: str, lines: Sequence[str]) -> list[str]:
    first, *rest = lines
    assigned = [f"{variable}=$({first}", *rest]
    assigned[-1] += ")"
    return assigned


def _body(spec: Spec) -> dict[str, Any]:
    steps = _here(spec)
    values = {name: value for name, value in resources.known(spec).items() if name != "GROUP"}
    answering = [step for step in steps if step.variable]
    references = _references(answering, spec)
    parameters = {
        "Instance": _parameter("The ARN of the instance of Identity Center", spec.instance or None),
        "GroupId": _parameter("The ID of the group that may sign in; empty for every user", ""),
        **{
            f"Existing{_id(step)}": _parameter(
                f"The ARN of the {_id(step)} that is there already; empty to make it",
                resources.existing(spec).get(step.key, ""),
            )
            for step in answering
        },
    }
    if not spec.has_caller_role:
        parameters["Caller"] = _parameter(f"The ARN of the caller: {spec.other_caller}", None)
    if spec.tenant:
        parameters["TenantArn"] = _parameter("The ARN of account access manager's application", None)
    has_group = {"HasGroup": _is_given("GroupId")} if any(step.condition for step in steps) else {}
    makes = {f"Makes{_id(step)}": {"Fn::Equals": [{"Ref": f"Existing{_id(step)}"}, ""]} for step in answering}
    body = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Identity Center and IAM for oidc-helper",
        "Parameters": parameters,
        "Conditions": {**has_group, **makes},
        "Resources": {_id(step): _resource(step, answering, values, references) for step in steps},
        "Outputs": {
            "Application": {"Value": references["APPLICATION"]},
            "Caller": {"Value": references["CALLER"]},
        },
    }
    used = set(re.findall(r'"(?:Ref": "|Fn::Sub": ")?(\w+)"', json.dumps([body["Resources"], body["Outputs"]])))
    used |= set(re.findall(r'"Ref": "(\w+)"', json.dumps(body["Conditions"])))
    body["Parameters"] = {name: each for name, each in parameters.items() if name in used}
    return body


def _resource(
    step: Step, answering: Sequence[Step], values: Mapping[str, str], references: Mapping[str, Any]
) -> dict[str, Any]:
    """The resource of a step; `answering` are the steps whose answers go into variables."""
    kind = _RESOURCES[step.call.operation]
    condition = "HasGroup" if step.condition else f"Makes{_id(step)}" if step.variable else ""
    role = step.call.options.get("role-name", "").strip("{}").removesuffix("_NAME")
    if not condition and role:
        condition = next((f"Makes{_id(each)}" for each in answering if each.variable == role), "")
    depends_on = [_id(each) for each in answering if each.variable == role and not step.variable]
    return {
        "Type": kind.type,
        **({"Condition": condition} if condition else {}),
        **({"DependsOn": depends_on} if depends_on else {}),
        "Properties": _referring(resources.settled(kind.members(step.call.options), values), references),
    }


def _references(answering: Sequence[Step], spec: Spec) -> dict[str, Any]:
    references: dict[str, Any] = {name: {"Ref": target} for name, target in _PSEUDO.items()}
    references |= {key.upper(): arn for key, arn in resources.roles_elsewhere(spec).items()}
    if not spec.has_caller_role:
        references["CALLER"] = {"Ref": "Caller"}
    for step in answering:
        answer = _RESOURCES[step.call.operation].answer
        own = {"Fn::GetAtt": [_id(step), answer]}
        references[step.variable] = {"Fn::If": [f"Makes{_id(step)}", own, {"Ref": f"Existing{_id(step)}"}]}
    return references


def _referring(value: Any, references: Mapping[str, Any]) -> Any:
    """The value with references in place of names; a text with a reference in it becomes a join."""
    if isinstance(value, Mapping):
        return {"".join(resources.parts(name)): _referring(each, references) for name, each in value.items()}
    if isinstance(value, list):
        return [_referring(each, references) for each in value]
    if not isinstance(value, str):
        return value
    texts = [references[part] if isinstance(part, Reference) else part for part in resources.parts(value)]
    return texts[0] if len(texts) == 1 else {"Fn::Join": ["", texts]}


def _id(step: Step) -> str:
    return "".join(word.capitalize() for word in step.key.split("_"))


def _parameter(description: str, default: str | None) -> dict[str, Any]:
    return {"Type": "String", "Description": description, **({} if default is None else {"Default": default})}


def _is_given(parameter: str) -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _yaml(value: Any, indent: str = "") -> list[str]:
    """A mapping or a list in lines of YAML; texts that may mean something else are in quotes, as JSON has them."""
    lines = []
    entries = value.items() if isinstance(value, Mapping) else (("-", each) for each in value)
    for name, each in entries:
        head = f"{indent}-" if name == "-" and not isinstance(value, Mapping) else f"{indent}{_scalar(name)}:"
        if isinstance(each, Mapping | list | tuple) and each:
            inner = _yaml(each, f"{indent}  ")
            if head.endswith("-"):
                lines += [f"{head} {inner[0].lstrip()}", *inner[1:]]
            else:
                lines += [head, *inner]
        else:
            lines.append(f"{head} {_scalar(each)}")
    return lines


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)
