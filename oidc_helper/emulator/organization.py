"""A large organization, to try what has to work with many accounts."""

from oidc_helper.emulator.directory import Account, Assignment, Directory, PermissionSet
from oidc_helper.emulator.keys import upper

MOST = 10_000  # accounts or permission sets; no organization has more
_FIRST = 500_000_000_000
_NAMES = ("Admin", "ReadOnly", "Developer", "Billing")


def enlarge(directory: Directory, accounts: int, permission_sets: int) -> None:
    """Add that many accounts, and assign the first user that many permission sets in each."""
    user = directory.users[0].user_id
    names = [_NAMES[number] if number < len(_NAMES) else f"Team{number}" for number in range(permission_sets)]
    for number, name in enumerate(names):
        directory.permission_sets.setdefault(name, PermissionSet(name, f"{number:016x}", "AROA" + upper(17)))
    for number in range(1, accounts + 1):
        account = Account(str(_FIRST + number), f"workload {number:04}", f"workload-{number:04}@example.com")
        directory.accounts.append(account)
        directory.assignments |= {Assignment(user, account.account_id, name) for name in names}
