"""The examples of a manual page, as a reader sees them."""

import re


def blocks(source: str) -> list[str]:
    """The literal blocks of a page in mdoc, in their order."""
    found = re.findall(r"\.Bd -literal -offset indent\n(.*?)\.Ed\n", source, re.DOTALL)
    return [block.replace("\\e", "\\").replace("\\(aq", "'").replace("\\&", "") for block in found]
