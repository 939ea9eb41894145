"""All that a person may use: permission sets that the portal lists, and roles that account access manager gives."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from oidc_helper.aws import account_access, portal_listing
from oidc_helper.aws.client import Aws
from oidc_helper.aws.portal_listing import Access, Account, Listing, Progress
from oidc_helper.aws.tokens import PORTAL_SCOPE, Tokens
from oidc_helper.errors import OidcHelperError, Refused
from oidc_helper.fetch.work import ACCESS_OVER
from oidc_helper.profiles.filters import Filters

PORTAL = "portal"  # among the failures: the accounts could not be listed
_SCOPE_OF_ROLES = "account_access:read_only"

GetTokens = Callable[[str], Tokens]
"""Gets the person's tokens, but not those with the given access token, which was refused; it is empty at first."""


class Offer(NamedTuple):
    """The targets that the person may use: `access` has those that the filters take.

    `offered` has the keys of all targets seen, also of those that the filters leave out. `others` are the ids of the
    accounts that the filters leave out. `failures` are by account id, by tenant, or by PORTAL.
    """

    access: Sequence[Access]
    offered: frozenset[tuple[str, str]]
    others: frozenset[str]
    failures: Mapping[str, OidcHelperError]

    def is_gone(self, key: tuple[str, str]) -> bool:
        """Whether it is certain that the person may no longer use the target with that key."""
        owner = key[0]
        is_account_unlisted = PORTAL in self.failures and owner.isdecimal()
        return (
            key not in self.offered
            and owner not in self.others
            and owner not in self.failures
            and not is_account_unlisted
        )


def look(aws: Aws, get_tokens: GetTokens, tenants: Sequence[str], filters: Filters, report: Progress) -> Offer:
    """List everything. Raises OidcHelperError if nothing could be listed; else `failures` says what failed."""
    failures = dict[str, OidcHelperError]()
    tokens, accounts = get_tokens(""), list[Account]()
    try:
        tokens, accounts = _accounts(aws, get_tokens, tokens)
    except Refused as refusal:
        if not tenants:
            raise
        failures[PORTAL] = refusal
    chosen = [account for account in accounts if filters.take_account(account)]
    listed = _permission_sets(aws, get_tokens, tokens, chosen, report)
    failures |= listed.failures
    roles = list[Access]()
    for tenant in tenants:
        try:
            roles += _roles(aws, get_tokens, tokens, tenant)
        except OidcHelperError as failure:
            failures[tenant] = failure
    everything = [*listed.access, *roles]
    if failures and not everything:
        raise next(iter(failures.values()))
    return Offer(
        sorted(filter(filters.take, everything), key=_order),
        frozenset(access.key for access in everything),
        frozenset(account.account_id for account in accounts) - {account.account_id for account in chosen},
        failures,
    )


def _order(access: Access) -> tuple[str, ...]:
    return (access.account.name.casefold(), access.account.account_id, access.name.casefold(), *access.key)


def _accounts(aws: Aws, get_tokens: GetTokens, tokens: Tokens) -> tuple[Tokens, list[Account]]:
    try:
        return tokens, portal_listing.accounts(aws, tokens)
    except Refused as refusal:
        if not _is_over(refusal, tokens, PORTAL_SCOPE):
            raise
    tokens = get_tokens(tokens.access_token)
    return tokens, portal_listing.accounts(aws, tokens)


def _is_over(refusal: Refused, tokens: Tokens, scope: str) -> bool:
    """Whether another access token may be accepted: this one does not lack the scope."""
    return refusal.code in ACCESS_OVER and (not tokens.scope or scope in tokens.scope)


def _permission_sets(
    aws: Aws, get_tokens: GetTokens, tokens: Tokens, accounts: Sequence[Account], report: Progress
) -> Listing:
    """The permission sets of the accounts; if the access token ends meanwhile, another one lists the rest."""
    listed = portal_listing.permission_sets(aws, tokens, accounts, report)
    too_late = {
        account_id
        for account_id, failure in listed.failures.items()
        if isinstance(failure, Refused) and failure.code in ACCESS_OVER
    }
    if not too_late:
        return listed
    rest = [account for account in accounts if account.account_id in too_late]
    rest_listed = portal_listing.permission_sets(aws, get_tokens(tokens.access_token), rest, report)
    failures = {account_id: failure for account_id, failure in listed.failures.items() if account_id not in too_late}
    return Listing([*listed.access, *rest_listed.access], {**failures, **rest_listed.failures})


def _roles(aws: Aws, get_tokens: GetTokens, tokens: Tokens, tenant: str) -> list[Access]:
    try:
        roles = list(account_access.roles(aws.account_access(tokens), tenant))
    except Refused as refusal:
        if not _is_over(refusal, tokens, _SCOPE_OF_ROLES):
            raise
        roles = list(account_access.roles(aws.account_access(get_tokens(tokens.access_token)), tenant))
    return [
        Access("account-access", Account(role.account_id, role.account_name, ""), "", role.role_arn, tenant)
        for role in roles
    ]
