"""The beginning and the end of a set-up: a draft of what the files say, and the changes to them."""

import sys
from collections.abc import Mapping

from oidc_helper import settings
from oidc_helper.configure.answers import value_of
from oidc_helper.configure.draft import Draft
from oidc_helper.configure.flags import Flag
from oidc_helper.errors import WrongSettings
from oidc_helper.settings import Settings, writing
from oidc_helper.settings.checks import UnfitError
from oidc_helper.settings.file import parse

_HELP = "oidc-helper configure --help"


def begin(path: str, name: str) -> tuple[Draft, Settings]:
    """The draft of a profile, and the settings as they are. Raises WrongSettings if a file cannot be read."""
    document = settings.document()
    text = _text_of(writing.of_settings(path, {}).before or b"")
    return Draft(document, parse(path, text), name), settings.of_text(path, text)


def answer(draft: Draft, texts: Mapping[Flag, str]) -> None:
    """Take the answers on the command line. Raises WrongSettings with everything that is wrong with them."""
    wrong = []
    for flag, text in texts.items():
        try:
            value = value_of(flag.part or flag.key, text)
        except UnfitError as error:
            wrong.append(f"{flag.name} {error}")
            continue
        if flag.part:
            former = {} if flag.key.one_of else draft.value(flag.section, flag.key.name) or {}
            value = {**former, flag.part.name: value}
        draft.answer(flag.section, flag.key.name, value)
    draft.settle_identity()
    if wrong:
        raise WrongSettings(
            f"wrong flags: {'; '.join(wrong)}", _HELP, lines=["wrong flags:", *(f"  {problem}" for problem in wrong)]
        )


def require_complete(draft: Draft, *, will_find_region: bool = False) -> None:
    """Raise WrongSettings with all flags that are still needed."""
    if missing := draft.missing(will_find_region=will_find_region):
        raise WrongSettings(
            f"missing flags: {', '.join(flag.partition(':')[0] for flag in missing)}",
            _HELP,
            lines=["missing flags:", *(f"  {flag}" for flag in missing)],
        )


def changes(draft: Draft, path: str, before: Settings, *, default_is_meant: bool) -> list[writing.Change]:
    """The changes to write, after making sure that they leave nothing invalid. Raises OidcHelperError."""
    settings_change = writing.of_settings(path, draft.tables())
    after = settings.of_text(path, _text_of(settings_change.after))
    after.profile(draft.name)
    if new := [problem for table in after.broken.keys() - before.broken.keys() for problem in after.broken[table]]:
        raise WrongSettings(f"another part of the configuration would no longer work: {new[0].message}", _HELP)
    if draft.tokens_only:
        return [settings_change]
    _require_free(draft, draft.aws_profile)
    keys = {"credential_process": _line(draft.name), "region": draft.region}
    return [settings_change, writing.of_aws_config({draft.aws_profile: keys}, default_is_meant=default_is_meant)]


def require_possible(draft: Draft, path: str, *, default_is_meant: bool) -> None:
    """Raise OidcHelperError if a file cannot be changed, before the person answers questions for nothing."""
    writing.require_replaceable([writing.of_settings(path, {}), writing.of_aws_config({})])
    name = draft.aws_profile or draft.name
    if name == "default" and not default_is_meant:
        raise WrongSettings(
            "every program without a profile would get the credentials of the AWS profile default",
            "oidc-helper configure default --aws-profile default",
        )
    _require_free(draft, name)


def _require_free(draft: Draft, name: str) -> None:
    """Raise WrongSettings if the AWS profile is in use, unless it already runs us for this profile."""
    now = writing.aws_now()
    is_ours = (
        bool(draft.name) and writing.profile_in((now.keys(name) or {}).get("credential_process", "")) == draft.name
    )
    if not is_ours and (obstacle := now.obstacle(name)):
        raise obstacle


def callers() -> list[str]:
    """The AWS profiles that may sign the call for tokens: those that do not lead back to us."""
    now = writing.aws_now()
    lines = ((name, (now.keys(name) or {}).get("credential_process", "")) for name in now.config.by_profile)
    return [name for name, line in lines if not writing.profile_in(line)]


def _line(name: str) -> str:
    return writing.credential_process(writing.running_program(), name, windows=sys.platform == "win32")


def _text_of(content: bytes) -> str:
    return content.decode("utf-8-sig")
