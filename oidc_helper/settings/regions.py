"""The regions that the installed botocore knows. AWS may have newer ones: another name is a doubt, and no mistake."""

from collections.abc import Iterable

from oidc_helper.settings import botocore_data
from oidc_helper.words import did_you_mean


def known() -> list[str]:
    """The names of all partitions' regions; none where botocore has no list."""
    partitions = botocore_data.newest("partitions.json").get("partitions", [])
    return [name for partition in partitions for name in partition["regions"] if not name.endswith("-global")]


def doubts(names: Iterable[str]) -> list[str]:
    """What is to be said of names that are none of these, each once and with the nearest one."""
    these = known()
    unknown = dict.fromkeys(name for name in names if these and name not in these)
    return [f"{name} is no region that the installed botocore knows{did_you_mean(name, these)}" for name in unknown]
