"""Check AWS's side of the chain with an administrator's credentials, and give the commands that mend it.

It changes nothing, and spends none of the person's tokens.
"""

from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.admin.chain import CHECKS, checks_of
from oidc_helper.doctor.admin.commands import Shell
from oidc_helper.doctor.admin.reader import policy

__all__ = ["CHECKS", "Audit", "Shell", "checks_of", "policy"]
