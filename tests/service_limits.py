"""The limits of the service models for tests: AWS changes them, so that no test repeats one."""

from botocore.loaders import Loader

from oidc_helper.aws import account_access
from oidc_helper.settings.limits import limits


def bounds(service: str, operation: str, *members: str) -> tuple[int, int]:
    """The least and the most of a parameter, which the installed botocore must know."""
    found = limits(service, operation, *members)
    assert found.least is not None
    assert found.most is not None
    return found.least, found.most


SHORTEST_SESSION_S, LONGEST_SESSION_S = bounds("sts", "AssumeRole", "DurationSeconds")
LONGEST_CONTEXT = bounds("sts", "AssumeRole", "ProvidedContexts", "ContextAssertion")[1]


def knows_account_access() -> bool:
    """Whether the installed botocore has the service, which is newer than the oldest one that is supported."""
    return account_access.SERVICE in Loader().list_available_services("service-2")
