"""Any file at all gives settings or an error of one printable line."""

import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from settings.settings_files import APPLICATION, ROLE, checked, load

from oidc_helper.errors import WrongSettings
from oidc_helper.settings import Settings, explain
from oidc_helper.settings.file import parse
from oidc_helper.settings.layers import Layer
from oidc_helper.settings.problems import wrong
from oidc_helper.settings.resolution import resolve
from oidc_helper.settings.schema import KEYS, SOURCES

_NAMES = st.sampled_from(["a", "b", "team.c", "", "\x1b[2J"])
_RIGHT = {
    "source": st.sampled_from(list(SOURCES)),
    "issuer": st.just("https://login.example.com"),
    "client_id": st.just("client"),
    "scopes": st.just(["openid"]),
    "path": st.just("token"),
    "variable": st.just("TOKEN"),
    "command": st.just(["print-token"]),
    "audience": st.just("sts"),
    "profile": _NAMES,
    "identity": _NAMES,
    "application_arn": st.just(APPLICATION),
    "identity_center_region": st.just("eu-west-1"),
    "role_arn": st.just(ROLE),
    "account_id": st.just("111122223333"),
    "permission_set": st.just("Admin"),
    "duration_seconds": st.just(1800),
    "caller": st.just({"environment": True}),
    "s3_grant": st.just({"target": "s3://bucket/*", "permission": "READ"}),
}
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_odd = st.recursive(
    st.one_of(_text, st.booleans(), st.integers(), st.floats()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=5,
)


def _table(section: str) -> st.SearchStrategy[Any]:
    """Tables with mostly right values, since others would not get past the first checks."""
    right = {key.name: _RIGHT[key.name] for key in KEYS[section] if key.name in _RIGHT}
    odd = {key.name: _odd for key in KEYS[section]}
    mixed = st.tuples(
        st.fixed_dictionaries({}, optional=right),
        st.fixed_dictionaries({}, optional=odd) | st.just({}),
        st.dictionaries(_text, _odd, max_size=1),
    ).map(lambda parts: parts[0] | parts[1] | parts[2])
    return st.fixed_dictionaries({}, optional=right) | mixed | _odd


_any_documents = st.fixed_dictionaries(
    {
        "identity": st.dictionaries(_NAMES, _table("identity"), max_size=3) | _odd,
        "defaults": _table("profile"),
        "profile": st.dictionaries(_NAMES, _table("profile"), max_size=3) | _odd,
    }
)
_nearly_right_documents = st.fixed_dictionaries(
    {
        "identity": st.just({"a": {"source": "file", "path": "t"}, "team.c": {"source": "profile", "profile": "a"}}),
        "defaults": st.fixed_dictionaries({key.name: _RIGHT[key.name] for key in KEYS["profile"] if key.required}),
        "profile": st.dictionaries(
            st.sampled_from(["a", "b"]),
            st.fixed_dictionaries({}, optional={key: _RIGHT[key] for key in ("identity", "role_arn", "s3_grant")}),
        ),
    }
)
_documents = _any_documents | _nearly_right_documents | st.dictionaries(_text, _odd, max_size=3)


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value).lower()


def _outcome(content: str | bytes) -> Settings | WrongSettings:
    with tempfile.TemporaryDirectory() as directory:
        try:
            loaded = load(Path(directory), content)
        except WrongSettings as error:
            return checked(error)
    for profile in loaded.profiles.values():
        json.dumps(explain(loaded, profile))  # must not raise
    with suppress(WrongSettings):
        loaded.require_sound()
        return loaded
    return checked(wrong(loaded.problems))


@given(st.binary(max_size=200) | st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
@examples(deadline=None, database=None)
def test_any_bytes_are_settings_or_refused_in_one_line(content: bytes | str) -> None:
    """No file gives a traceback, and no message steers a terminal."""
    _outcome(content)


@given(_documents)
@example({"identity": {"": {"profile": "a"}}, "profile": {"a": {}}})  # was looked up as the missing identity of a
@examples(deadline=None, database=None, max_examples=300)
def test_any_document_is_settings_or_refused_in_one_line(document: dict[str, Any]) -> None:
    """Our keys may stand in any place, with any value."""
    text = "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in document.items())
    outcome = _outcome(text)

    assert "is not TOML" not in str(outcome)


@given(_documents, _documents)
@examples(deadline=None, database=None, max_examples=300)
def test_any_two_documents_are_one_configuration(user: dict[str, Any], site: dict[str, Any]) -> None:
    """Each profile can be used, or an error says why not."""
    texts = (
        "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in document.items()) for document in (user, site)
    )
    layers = [Layer(f"/{number}", text, parse(f"/{number}", text)) for number, text in enumerate(texts)]
    loaded = resolve(layers, [], "/0", "")

    names = set(loaded.profiles) | {name for layer in layers for name in _tables(layer.document, "profile")}
    for name in names - set(loaded.profiles):
        with pytest.raises(WrongSettings) as caught:
            loaded.profile(name)
        checked(caught.value)
    for profile in loaded.profiles.values():
        assert loaded.first_identity(profile.identity).source != "profile"
        assert profile.identity.name in loaded.same_person(profile.identity)
        json.dumps(explain(loaded, profile))  # must not raise


def _tables(document: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    tables = document.get(kind)
    return tables if isinstance(tables, dict) else {}


@given(st.fixed_dictionaries({}, optional={key.name: st.just("hunter2" * 10) for key in KEYS["profile"]}), _text)
@examples(deadline=None, database=None)
def test_no_secret_in_any_key_is_repeated(values: dict[str, str], unknown: str) -> None:
    """A long secret is cut, whether the key is known or not."""
    table = {"x" + unknown: "hunter2" * 10, **values}
    text = "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in table.items())

    assert "hunter2" * 4 not in str(_outcome("[defaults]\n" + text))
