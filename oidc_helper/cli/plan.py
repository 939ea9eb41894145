"""`doctor --plan`: prints what sets up AWS for a profile, in the language of a shell, Terraform or CloudFormation."""

import argparse
import time
from typing import Any, TextIO

from oidc_helper import identity, settings, setup
from oidc_helper.errors import OidcHelperError, WrongSettings
from oidc_helper.settings import Profile
from oidc_helper.setup import flags, spec
from oidc_helper.words import did_you_mean, listed, shown

_TOKEN_S = 15  # for a source's identity token
_OTHERS = ("exchange", "json", "anonymize", "list", "only")


def plan(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the plan, and nothing else."""
    if not options.plan:
        raise WrongSettings("these options are for a plan", "add --plan, or leave them out")
    if other := next((name for name in _OTHERS if getattr(options, name)), None):
        raise WrongSettings(f"--plan does not go with --{other}", "oidc-helper doctor --help")
    language, name = _understood(options)
    answer.write(setup.plan(language, spec.of(_values(name, flags.values_in(vars(options))))))
    return 0


def _understood(options: argparse.Namespace) -> tuple[str, str]:
    """The language and the profile: the word after --plan may be either."""
    if options.plan in setup.KINDS:
        return options.plan, options.profile or ""
    if not options.profile:
        return "shell", options.plan
    raise WrongSettings(
        f"--plan takes {listed(setup.KINDS)}, not {shown(options.plan)}{did_you_mean(options.plan, setup.KINDS)}",
        f"oidc-helper doctor --plan {options.profile}",
    )


def _values(name: str, by_flag: dict[str, Any]) -> dict[str, Any]:
    """The values of a plan: flags override the profile; flags that name an issuer need no profile."""
    if not name and "issuer" in by_flag:
        return by_flag
    profile = _profile(name)
    values = flags.over(by_flag, spec.of_profile(profile))
    return values if values.get("issuer") else {**_issued(profile), **values}


def _profile(name: str) -> Profile:
    loaded = settings.load()
    if name:
        return loaded.profile(name)
    if len(loaded.profiles) == 1:
        return next(iter(loaded.profiles.values()))
    raise WrongSettings("a plan is for one profile", "oidc-helper doctor --plan PROFILE")


def _issued(profile: Profile) -> dict[str, str]:
    """The values that the identity token of the source has now."""
    try:
        token = identity.obtain(profile.identity, now=time.time(), timeout_s=_TOKEN_S, ca_bundle=profile.ca_bundle)
    except OidcHelperError as error:
        raise WrongSettings(
            f"a plan needs issuer and audience of the identity token: {error.message}", "add --issuer and --client-id"
        ) from None
    return spec.of_token(token)
