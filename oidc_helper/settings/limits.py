"""The limits that AWS's service models set on values; AWS changes them, so nothing else in the code repeats them.

A model takes 3 ms to read.
"""

import re
from typing import NamedTuple

from oidc_helper.settings import botocore_data


class Limits(NamedTuple):
    """The least and the most of a number, or of a text's characters, and a text's pattern; None for no limit."""

    least: int | None = None
    most: int | None = None
    pattern: str | None = None

    @property
    def expression(self) -> str:
        """A regular expression for texts within the limits; without (?a), Python would allow more letters than AWS."""
        length = f"(?=.{{{self.least or 0},{self.most or ''}}}\\Z)"
        return rf"(?a:{length}(?:{self.pattern or '.*'}))"

    @property
    def described(self) -> str:
        """The same for people: `2 to 64 letters, digits or any of _+=,.@-`."""
        ends = " to ".join(str(end) for end in (self.least, self.most) if end is not None)
        word = re.fullmatch(r"\[\\w([^\]\\]*)\][*+]", self.pattern or "")
        kind = f"letters, digits or any of _{word[1]}" if word else f"characters that match {self.pattern}"
        return f"{ends} {kind if self.pattern else 'characters'}".strip()


def limits(service: str, operation: str, *members: str) -> Limits:
    """The limits of a member of an operation's request, by the model's names; a list's items go by the list's name.

    There are no limits if botocore has no such member: AWS itself then checks the value.
    """
    model = botocore_data.newest(f"{service}/*/service-2.json*")  # the folders are dates
    try:
        shape = model["shapes"][model["operations"][operation]["input"]["shape"]]
        for member in members:
            shape = model["shapes"][shape["members"][member]["shape"]]
            while "member" in shape:
                shape = model["shapes"][shape["member"]["shape"]]
    except KeyError:
        return Limits()
    return Limits(shape.get("min"), shape.get("max"), shape.get("pattern"))
