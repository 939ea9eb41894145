"""Write settings: plan the new text of files, show the plan, and then carry it out for all of them or none."""

from oidc_helper.settings.writing.aws_now import AwsNow
from oidc_helper.settings.writing.aws_profiles import Profiles
from oidc_helper.settings.writing.plan import Change, aws_now, diff, of_aws_config, of_lines, of_settings
from oidc_helper.settings.writing.process_line import (
    can_run,
    credential_process,
    profile_in,
    program_of,
    running_program,
    with_profile,
)
from oidc_helper.settings.writing.replacement import BACKUP, carry_out, require_replaceable
from oidc_helper.settings.writing.toml_tables import Tables

__all__ = [
    "BACKUP",
    "AwsNow",
    "Change",
    "Profiles",
    "Tables",
    "aws_now",
    "can_run",
    "carry_out",
    "credential_process",
    "diff",
    "of_aws_config",
    "of_lines",
    "of_settings",
    "profile_in",
    "program_of",
    "require_replaceable",
    "running_program",
    "with_profile",
]
