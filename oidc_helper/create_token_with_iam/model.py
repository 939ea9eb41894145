"""The operation in botocore's service model: its members as options, and which of them are secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

import botocore.session
from botocore import xform_name

SERVICE = "sso-oidc"
OPERATION = "CreateTokenWithIAM"
METHOD = xform_name(OPERATION)

# Only these members may be shown: all others, now or in a later model, are secret. The model marks neither the
# authorization code nor the identity context as sensitive, yet either is worth an access token.
_PUBLIC = {
    "clientId",
    "expiresIn",
    "grantType",
    "issuedTokenType",
    "redirectUri",
    "requestedTokenType",
    "scope",
    "subjectTokenType",
    "tokenType",
}


def is_secret(name: str) -> bool:
    """Whether a member of a request or an answer must not be shown; `name` is its name on the wire."""
    return name not in _PUBLIC


@dataclass(frozen=True)
class Member:
    """A parameter of the operation; `name` as on the wire, `option` as on the command line."""

    name: str
    option: str
    required: bool
    shape: Any = field(repr=False)

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown."""
        return is_secret(self.name)

    @property
    def meaning(self) -> str:
        """The first sentence of AWS's description."""
        return first_sentence(self.shape.documentation)


class Model:
    """The operation in the model of a botocore session: a newer botocore brings newer parameters."""

    def __init__(self, session: botocore.session.Session) -> None:
        self.operation: Any = session.get_service_model(SERVICE).operation_model(OPERATION)

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """The parameters by name, in the model's order."""
        shape = self.operation.input_shape
        return {
            name: Member(name, "--" + xform_name(name, "-"), name in shape.required_members, member)
            for name, member in shape.members.items()
        }


def first_sentence(documentation: str) -> str:
    """The plain text up to the first full stop or colon, as in the AWS CLI's skeletons; "" if there is none."""
    plain = _Plain()
    plain.feed(documentation)
    plain.close()
    sentence = re.split("[.:]", plain.text, maxsplit=1)[0]
    return " ".join(re.split("[\n\u2028]", sentence)) + "." if sentence else ""


class _Plain(HTMLParser):
    text = ""

    def handle_data(self, data: str) -> None:
        self.text += data
