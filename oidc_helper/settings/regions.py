"""The regions that the installed botocore knows. AWS may have newer ones: an unknown name is a doubt, not a mistake."""

from collections.abc import Iterable

from oidc_helper.settings import botocore_data
from oidc_helper.words import did_you_mean


def known() -> list[str]:
    """The names of all partitions' regions; none if botocore has no list."""
    partitions = botocore_data.newest("partitions.json").get("partitions", [])
    return [name for partition in partitions for name in partition["regions"] if not name.endswith("-global")]


def doubts(names: Iterable[str]) -> list[str]:
    """A remark on each name that botocore does not know, with the nearest one that it does."""
    regions = known()
    unknown = dict.fromkeys(name for name in names if regions and name not in regions)
    return [f"{name} is no region that the installed botocore knows{did_you_mean(name, regions)}" for name in unknown]
