"""AWS's side of the chain, as an administrator reads it: what is wrong there, and the command that mends it.

It changes nothing, and spends nothing of the person's.
"""

from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.admin.chain import CHECKS, checks_of
from oidc_helper.doctor.admin.commands import Shell
from oidc_helper.doctor.admin.reader import policy

__all__ = ["CHECKS", "Audit", "Shell", "checks_of", "policy"]
