"""Identity Center for administrators: instances, applications, trusted token issuers, permission sets."""

from oidc_helper.emulator.aws.endpoint import Perform
from oidc_helper.emulator.aws.sso_admin import (
    application_settings,
    applications,
    assignments,
    instances,
    permission_sets,
    token_issuers,
)
from oidc_helper.emulator.aws.sso_admin.service import SERVICE, regional

__all__ = ["OPERATIONS", "SERVICE"]

_EVERYWHERE: dict[str, Perform] = {
    **instances.OPERATIONS,
    **applications.OPERATIONS,
    **application_settings.OPERATIONS,
    **assignments.OPERATIONS,
    **token_issuers.OPERATIONS,
    **permission_sets.OPERATIONS,
}
OPERATIONS = {name: regional(name, perform) for name, perform in _EVERYWHERE.items()}
