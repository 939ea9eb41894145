"""Check every link of the chain in order, report what it finds, and how to mend what is broken.

It asks no questions, unlocks no keyring, and spends no token unless it is allowed to.
"""

from oidc_helper.doctor.anonymity import Anonymity
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.chain import CHECKS
from oidc_helper.doctor.examination import Result, examine
from oidc_helper.doctor.findings import Check, Status

__all__ = ["CHECKS", "Anonymity", "Case", "Check", "Result", "Status", "examine"]
