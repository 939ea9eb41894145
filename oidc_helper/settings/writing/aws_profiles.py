"""Change profiles of the AWS configuration file; all else stays byte for byte."""

import configparser
import re
from collections.abc import Mapping

from oidc_helper.errors import WrongSettings
from oidc_helper.machine.reentry import is_ours
from oidc_helper.settings.writing import other_credentials
from oidc_helper.settings.writing.aws_file import AwsFile, Contents, parse, updater
from oidc_helper.settings.writing.sections import split
from oidc_helper.words import printable, shown

Keys = Mapping[str, str | None]  # of a profile, in lower case; None removes the key
Profiles = Mapping[str, Keys | None]  # by name; None removes the profile

_HEADER = re.compile(r"\[[^\]\n]*\]")
_NAME = re.compile(r"[A-Za-z0-9_@+.%:/-]+")  # as the SDK for JavaScript reads it, the narrowest of all


def change_profiles(
    config: AwsFile, credentials: AwsFile, profiles: Profiles, *, default_is_meant: bool = False
) -> str:
    """The configuration's text with these profiles changed, made or removed.

    Raises WrongSettings, with file and line, if a profile is there twice or has credentials of another kind, if one to
    remove is not ours, and for the profile `default` unless it is meant.
    """
    document = split(config.text, config.places)
    sections = dict(zip(config.places, document.sections, strict=True))
    headers = {}
    for name, keys in profiles.items():
        _require_name(name, default_is_meant=default_is_meant)
        require_once(name, config)
        other_credentials.require_none(name, config, credentials)
        place = next(iter(config.by_profile.get(name, ())), None)
        headers[name] = place.header if place else "default" if name == "default" else f"profile {name}"
        if keys is None:
            if place:
                _require_our_process(name, config)
                document.remove(sections[place])
            continue
        _require_lines(name, keys)
        known = config.contents[place.header] if place else {}
        changes = {key: value for key, value in keys.items() if known.get(key) != value}
        if not place:
            document.add(headers[name], _body(f"[{headers[name]}]\n", changes))
        elif changes:
            sections[place].body = _body(sections[place].body, changes)
    return _checked(config, str(document), _changed(config.contents, headers, profiles))


def rename_profiles(config: AwsFile, renamed: Mapping[str, str]) -> str:
    """The configuration's text with the sections of these profiles, if there are any, under their new names.

    A `source_profile` in another section follows. Raises WrongSettings.
    """
    document = split(config.text, config.places)
    headers = dict[str, str]()
    for name, new_name in renamed.items():
        _require_name(new_name, default_is_meant=False)
        require_once(name, config)
        headers |= {place.header: f"profile {new_name}" for place in config.by_profile.get(name, ())}
    intended: Contents = {}
    for place, section in zip(config.places, document.sections, strict=True):
        values = config.contents[place.header]
        if place.header in headers:
            section.body = _HEADER.sub(f"[{headers[place.header]}]", section.body, count=1)
        if source := renamed.get(values.get("source_profile", "")):
            section.body = _body(section.body, {"source_profile": source})
            values = {**values, "source_profile": source}
        intended[headers.get(place.header, place.header)] = values
    return _checked(config, str(document), intended)


def _checked(config: AwsFile, text: str, intended: Contents) -> str:
    """The text, if it is read as intended. Raises WrongSettings."""
    try:
        contents = parse(text, is_unique=config.is_unique)
    except configparser.Error:  # the new name is there already
        contents = {}
    if contents != intended:
        raise WrongSettings(
            f"{printable(config.path)} is written in a way that cannot be changed here", "change it by hand"
        )
    return text


def _body(body: str, changes: Keys) -> str:
    """The section's text with its keys changed."""
    blocks = updater(body)
    (section,) = blocks.section_blocks()
    for key, value in changes.items():
        if value is not None:
            section.set(key, value)
        elif key in section:
            del section[key]
    return str(blocks)


def _changed(old: Contents, headers: Mapping[str, str], profiles: Profiles) -> Contents:
    """The contents that the file must have in the end."""
    intended = {header: dict(values) for header, values in old.items()}
    for name, keys in profiles.items():
        if keys is None:
            intended.pop(headers[name], None)
            continue
        merged = {**intended.get(headers[name], {}), **keys}
        intended[headers[name]] = {key: value for key, value in merged.items() if value is not None}
    return intended


def _require_name(name: str, *, default_is_meant: bool) -> None:
    if not _NAME.fullmatch(name):
        raise WrongSettings(
            f"{shown(name, 64)} cannot name an AWS profile", "use letters, digits and any of _@+.%:/- for its name"
        )
    if name == "default" and not default_is_meant:
        raise WrongSettings(
            "every program without a profile would get the credentials of the AWS profile default",
            "ask for default by name, or choose another AWS profile",
        )


def require_once(name: str, config: AwsFile) -> None:
    """Raise WrongSettings, with the lines, for a profile that has several sections."""
    lines = [str(config.line(place.begin)) for place in config.by_profile.get(name, ())]
    if len(lines) > 1:
        raise WrongSettings(
            f"{printable(config.path)} (lines {', '.join(lines)}): AWS profile {name} is there {len(lines)} times",
            "make one section of them",
        )


def _require_our_process(name: str, config: AwsFile) -> None:
    (place,) = config.by_profile[name]
    if not is_ours(config.contents[place.header].get("credential_process", "")):
        where = f"{printable(config.path)} (line {config.line(place.begin)})"
        raise WrongSettings(f"{where}: AWS profile {name} is not one of oidc-helper's", "remove it by hand")


def _require_lines(name: str, keys: Keys) -> None:
    for key, value in keys.items():
        if value is not None and (not value.isprintable() or value != value.strip()):
            raise WrongSettings(
                f"{key} of AWS profile {name} has control characters, or white space at its ends", "give another value"
            )
