"""The plan for Terraform: a resource of the AWS provider for each call, and the call itself if there is none."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from oidc_helper.setup import comments, providers, resources, shell
from oidc_helper.setup.pieces import Step
from oidc_helper.setup.resources import Kind, Reference
from oidc_helper.setup.spec import Spec

_TERRAFORM = ">= 1.4"  # terraform_data
_PROVIDER = ">= 5.81"  # an OIDC provider without thumbprints
_PROVIDER_OF_ACCOUNT_ACCESS = ">= 6.64"
# Operation that no released resource makes -> the thread that says when one does.
_UNRELEASED = {
    "put-application-authentication-method": "hashicorp/terraform-provider-aws#34763",
    "put-application-grant": "hashicorp/terraform-provider-aws#47267",
}


class Block(dict[str, Any]):
    """A nested block."""


class Document(dict[str, Any]):
    """A value that is JSON in an attribute."""


class Expression(str):
    """HCL that is written as it is."""

    __slots__ = ()


def _role_name(template: str) -> Expression:
    key = template.strip("{}").removesuffix("_NAME").lower()
    return Expression(f'reverse(split("/", local.{key}))[0]')


def _issuer(options: Mapping[str, Any]) -> dict[str, Any]:
    configuration = options["trusted-token-issuer-configuration"]["OidcJwtConfiguration"]
    return {
        **_same(options, "name", "instance-arn", "trusted-token-issuer-type"),
        "trusted_token_issuer_configuration": Block(
            oidc_jwt_configuration=Block({_snake(name): value for name, value in configuration.items()})
        ),
    }


def _group(options: Mapping[str, Any]) -> dict[str, Any]:
    unique = options["alternate-identifier"]["UniqueAttribute"]
    return {
        **_same(options, "identity-store-id"),
        "alternate_identifier": Block(
            unique_attribute=Block(attribute_path="DisplayName", attribute_value=unique["AttributeValue"])
        ),
    }


def _entitlement(options: Mapping[str, Any]) -> dict[str, Any]:
    role = options["entitlement"]["principalRole"]
    identity_center = Block(group_id=role["principal"]["identityCenter"]["groupId"])
    return {
        **_same(options, "application-arn"),
        "entitlement": Block(
            principal_role=Block(role_arn=role["roleArn"], principal=Block(identity_center=identity_center))
        ),
    }


def _grant(options: Mapping[str, Any]) -> dict[str, Any]:
    location, grantee = options["access-grants-location-configuration"], options["grantee"]
    return {
        **_same(options, "account-id", "access-grants-location-id", "permission", "s3-prefix-type"),
        "access_grants_location_configuration": Block(s3_sub_prefix=location["S3SubPrefix"]),
        "grantee": Block({_snake(name): value for name, value in grantee.items()}),
    }


def _same(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Attributes with the names of the options."""
    return {name.replace("-", "_"): options[name] for name in names if name in options}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


# Operation -> resource, or data source.
_RESOURCES: Mapping[str, Kind] = {
    "create-open-id-connect-provider": Kind(
        "aws_iam_openid_connect_provider", lambda options: _same(options, "url", "client-id-list")
    ),
    "create-role": Kind(
        "aws_iam_role",
        lambda options: {
            "name": options["role-name"],
            "path": options["path"],
            "assume_role_policy": Document(options["assume-role-policy-document"]),
        },
    ),
    "put-role-policy": Kind(
        "aws_iam_role_policy",
        lambda options: {
            "name": options["policy-name"],
            "role": _role_name(options["role-name"]),
            "policy": Document(options["policy-document"]),
        },
    ),
    "create-application": Kind(
        "aws_ssoadmin_application",
        lambda options: _same(options, "name", "instance-arn", "application-provider-arn"),
    ),
    "create-trusted-token-issuer": Kind("aws_ssoadmin_trusted_token_issuer", _issuer),
    "create-application-assignment": Kind(
        "aws_ssoadmin_application_assignment",
        lambda options: _same(options, "application-arn", "principal-type", "principal-id"),
    ),
    "put-application-assignment-configuration": Kind(
        "aws_ssoadmin_application_assignment_configuration",
        lambda options: _same(options, "application-arn", "assignment-required"),
    ),
    "put-application-access-scope": Kind(
        "aws_ssoadmin_application_access_scope", lambda options: _same(options, "application-arn", "scope")
    ),
    "create-permission-set": Kind(
        "aws_ssoadmin_permission_set", lambda options: _same(options, "name", "instance-arn")
    ),
    "create-account-assignment": Kind(
        "aws_ssoadmin_account_assignment",
        lambda options: _same(options, *options),
    ),
    "create-entitlement": Kind("aws_accountaccess_entitlement", _entitlement),
    "create-access-grants-instance": Kind(
        "aws_s3control_access_grants_instance",
        lambda options: _same(options, "account-id", "identity-center-arn"),
        "access_grants_instance_arn",
    ),
    "create-access-grants-location": Kind(
        "aws_s3control_access_grants_location",
        lambda options: {
            **_same(options, "account-id", "location-scope", "iam-role-arn"),
            "depends_on": [Expression("aws_s3control_access_grants_instance.grants_instance")],
        },
        "access_grants_location_id",
    ),
    "create-access-grant": Kind("aws_s3control_access_grant", _grant),
}
_DATA: Mapping[str, Kind] = {
    "get-group-id": Kind("aws_identitystore_group", _group, "group_id"),
    "list-applications": Kind(
        "aws_accountaccess_application",
        lambda _: {"identity_center_instance_arn": "{INSTANCE}"},
    ),
}
_REFERENCES = {
    "INSTANCE": "local.instance",
    "STORE": "tolist(data.aws_ssoadmin_instances.all.identity_store_ids)[0]",
    "PARTITION": "data.aws_partition.current.partition",
    "ACCOUNT": "data.aws_caller_identity.current.account_id",
    "GRANTS_ACCOUNT": "data.aws_caller_identity.current.account_id",
    "GROUP": "var.group",
}


def configuration(spec: Spec) -> str:
    """The whole configuration, laid out as `terraform fmt` does."""
    values = {name: value for name, value in resources.known(spec).items() if name != "GROUP"}
    steps = list(resources.steps(spec))
    blocks = [
        *_settings(spec),
        *(block for step in steps for block in _blocks(step, spec, values)),
        *_outputs(spec),
    ]
    return comments.block(_introduction(spec)) + "\n" + "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _introduction(spec: Spec) -> Iterator[str]:
    yield (
        "Sets up Identity Center and IAM for oidc-helper. It needs the AWS CLI in the PATH, and credentials of an"
        " administrator of the account of Identity Center; the output config_toml has the two lines for config.toml."
        " What exists already is named in the variable existing, and is left as it is."
    )
    yield from resources.not_here(spec)
    yield ""
    yield from providers.steps(spec)


def _plain(value: Any) -> Any:
    """A value whose braces stand for no names."""
    return value.replace("{", "{{") if isinstance(value, str) else value


def _settings(spec: Spec) -> Iterator[list[str]]:
    version = _PROVIDER_OF_ACCOUNT_ACCESS if spec.tenant else _PROVIDER
    aws = {"source": "hashicorp/aws", "version": version}
    yield _block("terraform", {"required_version": _TERRAFORM, "required_providers": Block(aws=aws)})
    yield _block('provider "aws"', {"region": spec.region})
    if spec.target and spec.grants_region != spec.region:
        yield _block('provider "aws"', {"alias": "grants", "region": spec.grants_region})
    yield _variable("group", "The group of Identity Center that may sign in; empty for every user.", spec.group)
    existing = "ARNs of what exists already, such as application, provider, caller, trusted or role."
    yield _variable("existing", existing, resources.existing(spec), "map(string)")
    if not spec.has_caller_role:
        yield _variable("caller", _plain(f"The ARN of the caller: {spec.other_caller}"), None)
        yield _block("locals", {"caller": Expression("var.caller")})
    yield ['data "aws_partition" "current" {}']
    yield ['data "aws_caller_identity" "current" {}']
    yield ['data "aws_ssoadmin_instances" "all" {}']
    instance = spec.instance or Expression("tolist(data.aws_ssoadmin_instances.all.arns)[0]")
    yield _block("locals", {"instance": instance})


def _variable(name: str, description: str, default: Any, kind: str = "string") -> list[str]:
    members = {
        "description": description,
        "type": Expression(kind),
        **({} if default is None else {"default": _plain(default)}),
    }
    return _block(f'variable "{name}"', members)


def _blocks(step: Step, spec: Spec, values: Mapping[str, str]) -> Iterator[list[str]]:
    operation, key, options = step.call.operation, step.key, step.call.options
    if shell.other_account(step.call, spec):
        if role := resources.roles_elsewhere(spec).get(key):
            yield _block("locals", {key: role})
        return
    if operation in _UNRELEASED:
        yield _called(step, spec, values)
        return
    is_data = operation in _DATA
    kind = _DATA[operation] if is_data else _RESOURCES[operation]
    members = {name: _settled(value, values) for name, value in kind.members(options).items()}
    has_existing = bool(step.variable) and not is_data
    count = _count(step, key if has_existing else "")
    at_home = "region" not in options or spec.grants_region == spec.region
    provider = {} if at_home else {"provider": Expression("aws.grants")}
    address = f"{kind.type}.{key}"
    word = "data" if is_data else "resource"
    yield _block(f'{word} "{kind.type}" "{key}"', {**count, **provider, **members})
    if has_existing:
        answer = f'try(var.existing["{key}"], {address}{"[0]" if count else ""}.{kind.answer})'
        yield _block("locals", {key: Expression(answer)})
    elif step.variable:
        yield _block("locals", {key: Expression(f"one(data.{address}[*].{kind.answer})")})


def _settled(value: Any, values: Mapping[str, str]) -> Any:
    """A value of the same kind with the known values in place of their names."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, Document):
        return Document(resources.settled(value, values))
    if isinstance(value, Block):
        return Block({name: _settled(each, values) for name, each in value.items()})
    if isinstance(value, list | tuple):
        return [_settled(each, values) for each in value]
    return resources.settled(value, values)


def _count(step: Step, key: str) -> dict[str, Expression]:
    """The `count` of a resource: 0 if it exists, or if its condition does not hold."""
    if key and not step.condition:
        return {"count": Expression(f'contains(keys(var.existing), "{key}") ? 0 : 1')}
    if step.condition:
        return {"count": Expression('var.group == "" ? 0 : 1')}
    return {"count": Expression('var.group == "" ? 1 : 0')} if "GROUP" in step.unless else {}


def _called(step: Step, spec: Spec, values: Mapping[str, str]) -> list[str]:
    """A block that makes the call, and makes it again when its input changes."""
    call = step.call
    call_input = {_pascal(name): value for name, value in call.options.items()}
    environment = {
        "INPUT": Expression("self.triggers_replace"),
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
    }
    command = f'aws {call.service} {call.operation} --cli-input-json "$INPUT"'
    return [
        f"# No resource makes it yet ({_UNRELEASED[call.operation]}): replace this with one when it is released.",
        *_block(
            f'resource "terraform_data" "{step.key}"',
            {
                "triggers_replace": Document(resources.settled(call_input, values)),
                'provisioner "local-exec"': Block(command=command, environment=environment),
            },
        ),
    ]


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _outputs(spec: Spec) -> Iterator[list[str]]:
    application = Expression('"application_arn = \\"${local.application}\\""')
    caller: str = Expression('"caller = { web_identity_role_arn = \\"${local.caller}\\" }"')
    if not spec.has_caller_role:
        caller = _plain(f"caller = {spec.other_caller}")
    yield _block('output "config_toml"', {"value": Expression(f'join("\\n", [{application}, {_value(caller, "")}])')})


def _block(header: str, members: Mapping[str, Any], indent: str = "") -> list[str]:
    """A block: attributes with their = signs aligned, and then nested blocks."""
    inner = f"{indent}  "
    plain = {name: value for name, value in members.items() if not isinstance(value, Block)}
    nested = {name: value for name, value in members.items() if isinstance(value, Block)}
    lines = [f"{indent}{header} {{"]
    lines += _attributes(plain.items(), inner)
    for name, value in nested.items():
        if len(lines) > 1:
            lines.append("")
        lines += _block(name, value, inner)
    return [*lines, f"{indent}}}"]


def _attributes(members: Iterable[tuple[str, Any]], indent: str) -> list[str]:
    rows = [(name, _value(value, indent)) for name, value in members]
    lines = []
    for run in _runs(rows):
        width = max(len(name) for name, _ in run)
        lines += [f"{indent}{name:{width}} = {text}" for name, text in run]
    return lines


def _runs(rows: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Runs of attributes whose = signs are aligned; an attribute of several lines is a run of its own."""
    run: list[tuple[str, str]] = []
    for row in rows:
        if "\n" in row[1] and run:
            yield run
            run = []
        run.append(row)
        if "\n" in row[1]:
            yield run
            run = []
    if run:
        yield run


def _value(value: Any, indent: str) -> str:
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Document):
        return f"jsonencode({_object(value, indent)})"
    if isinstance(value, Mapping):
        return _object(value, indent)
    return _list(value, indent) if isinstance(value, list) else str(value).lower()


def _object(members: Mapping[str, Any], indent: str) -> str:
    if not members:
        return "{}"
    inner = [(name if re.fullmatch(r"[A-Za-z_]\w*", name) else _text(name), each) for name, each in members.items()]
    return "\n".join(["{", *_attributes(inner, f"{indent}  "), f"{indent}}}"])


def _list(values: Sequence[Any], indent: str) -> str:
    texts = [_value(each, f"{indent}  ") for each in values]
    if any("\n" in text for text in texts):
        return "[\n" + "".join(f"{indent}  {text},\n" for text in texts) + f"{indent}]"
    return f"[{', '.join(texts)}]"


def _text(template: str) -> str:
    """A text in which names become references; a name alone becomes an expression without quotes."""
    parts = resources.parts(template)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return _reference(parts[0])
    texts = (f"${{{_reference(part)}}}" if isinstance(part, Reference) else _quoted(part) for part in parts)
    return f'"{"".join(texts)}"'


def _reference(name: str) -> str:
    return _REFERENCES.get(name, f"local.{name.lower()}")


def _quoted(text: str) -> str:
    """The text as it stands inside a quoted template of HCL."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("${", "$${").replace("%{", "%%{")
