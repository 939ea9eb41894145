"""Names of profiles from a template: unique, and the same each time as long as an account keeps its name."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain, count

from oidc_helper.aws.portal_listing import Access

_LONGEST = 64  # characters of a profile's name, as settings have it
_RESERVED = {"default"}  # the AWS profile that every program takes if none is named


def name_all(
    targets: Sequence[Access], template: str, present: Mapping[tuple[str, str], str], taken: Collection[str]
) -> dict[tuple[str, str], str]:
    """A name for each target, by the target's key.

    The `present` names stay if the template makes them; `taken` are those of other profiles. If several would get the
    same name, each new one gets its account's id too.
    """
    names = {
        access.key: present[access.key]
        for access in targets
        if access.key in present and is_of_template(present[access.key], template, access)
    }
    used = {*taken, *names.values(), *_RESERVED}
    new = [access for access in targets if access.key not in names]
    shared = {name for name, times in Counter(_name(template, access) for access in new).items() if times > 1}
    for access in new:
        further = (_name(template, access, f"-{_digest(access)}-{number}") for number in count(2))
        name = next(
            name for name in chain(_names(template, access), further) if name not in used and name not in shared
        )
        names[access.key] = name
        used.add(name)
    return names


def is_of_template(name: str, template: str, access: Access) -> bool:
    """Whether the template makes that name of the target, so that nobody chose it by hand."""
    return name in _names(template, access)


def _names(template: str, access: Access) -> Iterator[str]:
    """The name, then others in case it is taken: a permission set and a role of one account may share it."""
    yield _name(template, access)
    yield _name(template, access, f"-{access.account.account_id}")
    yield _name(template, access, f"-{_digest(access)}")


def _digest(access: Access) -> str:
    return sha256(" ".join(access.key).encode()).hexdigest()[:8]


def _name(template: str, access: Access, suffix: str = "") -> str:
    account = access.account
    values = {
        "account_name": _plain(account.name) or account.account_id,
        "account_id": account.account_id,
        "permission_set": _plain(access.name),
    }
    excess = len(_filled(template, values)) + len(suffix) - _LONGEST
    if excess > 0:  # an account's name may have 50 characters, a permission set's 32
        length = max(1, len(values["account_name"]) - excess)
        values["account_name"] = values["account_name"][:length].rstrip("-._")
    return _filled(template, values)[: _LONGEST - len(suffix)] + suffix


def _filled(template: str, values: Mapping[str, str]) -> str:
    return template.format_map(values).lstrip("-.") or "profile"


def _plain(text: str) -> str:
    """The text with only letters, digits and `._-`: accents are removed, and all else between them becomes one `-`."""
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.sub(r"[^A-Za-z0-9._-]+", "-", letters).strip("-")
