"""Check the last links: the caller, an exchange if it is allowed, the credentials, and what an SDK would use."""

from oidc_helper import record
from oidc_helper.aws import sdk_chain
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.sdk_chain import Chosen
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, failed, ok, skipped
from oidc_helper.fetch import broker
from oidc_helper.identity import INTERACTIVE
from oidc_helper.person import times
from oidc_helper.settings import writing
from oidc_helper.store.kinds import CREDENTIALS
from oidc_helper.words import printable


def caller(case: Case) -> Finding:
    """Who signs CreateTokenWithIAM."""
    if case.caller is None:
        return skipped("its role is opened with an identity token, and there is none yet")
    return ok(f"{printable(case.caller.arn)}, {_source_of_caller(case)}")


def exchange(case: Case) -> Finding:
    """CreateTokenWithIAM accepts a new proof, which must need no person."""
    if not case.may_spend:
        return skipped("not tried: it spends a single-use token (--exchange)")
    if case.profile.identity.source in INTERACTIVE and not case.session().refresh_token:
        return skipped(f"a new proof takes a person: {case.profile.login} --force")
    tokens, is_new = broker.sign_in(case.profile, case.means, anew=True)
    user, lasts = case.person(tokens.user) or case.profile.identity.name, times.until(tokens.access_expires_at)
    if not is_new:
        return skipped(f"the source only has the identity token that was already exchanged: {user}, {lasts}")
    return ok(f"tokens of {user}, {lasts}")


def credentials(case: Case) -> Finding:
    """AWS gives the profile's credentials; this spends no single-use token."""
    if case.profile.target is None:
        return skipped("the profile gives tokens only")
    tokens = case.known_tokens()
    if not tokens.access_alive(case.means.now()) or not tokens.covers(case.profile.scopes):
        cached = case.store.get(CREDENTIALS, case.name)
        parsed = record.parse(cached.encode()) if cached else None
        if parsed and parsed.expires_at > case.means.now():
            return ok(f"cached, {times.until(parsed.expires_at)}; there are no tokens for new ones")
        return skipped("there are no tokens yet; get fetches them")

    def signer() -> Credentials:
        assert case.caller is not None  # noqa: S101  # only a role needs it, and its caller was checked
        return case.caller.credentials

    if case.profile.target == "role" and case.caller is None:
        return skipped("the caller's role is opened with an identity token, and there is none yet")
    fetched = case.aws.credentials(tokens, signer)
    return ok(f"access key {fetched.access_key_id} in account {fetched.account_id}, {times.until(fetched.expires_at)}")


def sdk(case: Case) -> Finding:
    """Where an SDK would get credentials in this environment, by botocore's search order."""
    if case.is_sound and case.profile.target is None:
        return skipped("the profile gives tokens only, which no SDK asks for")
    winner = sdk_chain.chosen()
    named = f"AWS profile {printable(winner.aws_profile)}"
    named += f" ({winner.named_by})" if winner.named_by else ""
    our_profile = writing.profile_in(winner.command)
    if our_profile and case.name in ("", our_profile):
        return ok(f"{named}: credential_process gets {our_profile}")
    what = f"{winner.what}{f', which gets {our_profile}' if our_profile else ''}"
    if not case.name:
        return skipped(f"{named}: {what}" if winner.method else f"{named}: nothing")
    return _another(case, winner, named, what)


def _another(case: Case, winner: Chosen, named: str, what: str) -> Finding:
    """The finding if something else wins: a failure only if it wins over an AWS profile that leads to us."""
    lines = case.aws_files.lines(case.name)
    leads_here = any(line.aws_profile == winner.aws_profile for line in lines)
    to_name_it = f"export AWS_PROFILE={lines[0].aws_profile}" if lines else "name an AWS profile that leads here"
    if winner.variables and not case.profile.caller.environment:
        return failed(
            f"{what} ({', '.join(winner.variables)}), for every AWS profile",
            f"unset {' '.join(winner.variables)}",
        )
    if winner.variables:
        return skipped(f"{what}, which are the caller's: programs name the AWS profile, as with --profile")
    if leads_here:
        return failed(f"{named}: {what} wins over credential_process", "take the other keys out of that AWS profile")
    if winner.method:
        return skipped(f"{named}: {what}; for {case.name}: {to_name_it}")
    return skipped(f"{named}: nothing; for {case.name}: {to_name_it}")


def _source_of_caller(case: Case) -> str:
    set_to = case.profile.caller
    if set_to.web_identity_role_arn:
        return "opened with the identity token"
    return f"from AWS profile {printable(set_to.profile)}" if set_to.profile else "from the environment"
