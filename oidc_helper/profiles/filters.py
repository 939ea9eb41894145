"""Filters for what a person may use, by names and ids with wildcards."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from oidc_helper.aws.portal_listing import Access, Account


class Filters(NamedTuple):
    """Patterns of which one must match, in upper or lower case; without patterns, everything matches."""

    accounts: Sequence[str] = ()
    permission_sets: Sequence[str] = ()

    def take_account(self, account: Account) -> bool:
        """Whether its name or id matches."""
        return _matches(self.accounts, account.name, account.account_id)

    def take(self, access: Access) -> bool:
        """Whether its account matches, and the permission set's or role's name, or the role's ARN."""
        return self.take_account(access.account) and _matches(self.permission_sets, access.name, access.role_arn)


def _matches(patterns: Sequence[str], *names: str) -> bool:
    return not patterns or any(
        fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns for name in names
    )
