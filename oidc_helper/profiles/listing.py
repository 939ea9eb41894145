"""All that a person may use, of both kinds: what the portal lists, and what account access manager gives."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from oidc_helper.aws import account_access, portal_listing
from oidc_helper.aws.client import Aws
from oidc_helper.aws.portal_listing import Access, Account, Listing, Told
from oidc_helper.aws.tokens import PORTAL_SCOPE, Tokens
from oidc_helper.errors import OidcHelperError, Refused
from oidc_helper.fetch.work import ACCESS_OVER
from oidc_helper.profiles.filters import Filters

PORTAL = "portal"  # among the failures: the accounts could not be listed
_SCOPE_OF_ROLES = "account_access:read_only"

GetTokens = Callable[[str], Tokens]
"""Gets the person's tokens, other ones than those with the access token that was refused; that is empty at first."""


class Found(NamedTuple):
    """What the filters take, and what is known beside it.

    `asked` are the ids of the accounts whose permission sets were asked for, `others` those of the accounts that the
    filters leave out. `offered` has the key of all that was seen, also of what the filters leave out. `failures` are by
    account id, by tenant, or by PORTAL.
    """

    access: Sequence[Access]
    offered: frozenset[tuple[str, str]]
    others: frozenset[str]
    failures: Mapping[str, OidcHelperError]

    def is_gone(self, key: tuple[str, str]) -> bool:
        """Whether that key of an Access certainly is no longer the person's."""
        owner = key[0]
        return (
            key not in self.offered
            and owner not in self.others
            and owner not in self.failures
            and not self._blind(owner)
        )

    def _blind(self, owner: str) -> bool:
        return PORTAL in self.failures and owner.isdecimal()


def look(aws: Aws, get_tokens: GetTokens, tenants: Sequence[str], filters: Filters, told: Told) -> Found:
    """List it. Raises OidcHelperError where nothing could be listed; what fails beside others is among the failures."""
    failures = dict[str, OidcHelperError]()
    tokens, accounts = get_tokens(""), list[Account]()
    try:
        tokens, accounts = _accounts(aws, get_tokens, tokens)
    except Refused as refusal:
        if not tenants:
            raise
        failures[PORTAL] = refusal
    chosen = [account for account in accounts if filters.take_account(account)]
    listed = _permission_sets(aws, get_tokens, tokens, chosen, told)
    failures |= listed.failures
    given = list[Access]()
    for tenant in tenants:
        try:
            given += _given(aws, get_tokens, tokens, tenant)
        except OidcHelperError as failure:
            failures[tenant] = failure
    everything = [*listed.access, *given]
    if failures and not everything:
        raise next(iter(failures.values()))
    return Found(
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
    """Whether another access token may be accepted: it is not the scope that is missing."""
    return refusal.code in ACCESS_OVER and (not tokens.scope or scope in tokens.scope)


def _permission_sets(
    aws: Aws, get_tokens: GetTokens, tokens: Tokens, accounts: Sequence[Account], told: Told
) -> Listing:
    """Those of the accounts; where the access token ends meanwhile, another one goes on."""
    listed = portal_listing.permission_sets(aws, tokens, accounts, told)
    over = {
        account_id
        for account_id, failure in listed.failures.items()
        if isinstance(failure, Refused) and failure.code in ACCESS_OVER
    }
    if not over:
        return listed
    left = [account for account in accounts if account.account_id in over]
    again = portal_listing.permission_sets(aws, get_tokens(tokens.access_token), left, told)
    kept = {account_id: failure for account_id, failure in listed.failures.items() if account_id not in over}
    return Listing([*listed.access, *again.access], {**kept, **again.failures})


def _given(aws: Aws, get_tokens: GetTokens, tokens: Tokens, tenant: str) -> list[Access]:
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
