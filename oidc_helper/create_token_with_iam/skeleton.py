"""`--generate-cli-skeleton input` and `yaml-input`: every parameter, with an empty value to fill in."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from botocore.utils import ArgumentGenerator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from oidc_helper.create_token_with_iam.model import Model


def _write_json(model: Model, answer: TextIO) -> None:
    """One JSON object."""
    json.dump(_skeleton(model), answer, indent=4)
    answer.write("\n")


def _write_yaml(model: Model, answer: TextIO) -> None:
    """A YAML map with the meaning of each parameter as a comment."""
    commented = CommentedMap(_skeleton(model))
    for member in model.members.values():
        if comment := " ".join(part for part in ("[REQUIRED]" if member.required else "", member.meaning) if part):
            commented.yaml_add_eol_comment(f"# {comment}", member.name)
    YAML().dump(commented, answer)


def _skeleton(model: Model) -> dict[str, Any]:
    return dict(ArgumentGenerator().generate_skeleton(model.operation.input_shape))


WRITERS: Mapping[str | None, Callable[[Model, TextIO], None]] = {"input": _write_json, "yaml-input": _write_yaml}
