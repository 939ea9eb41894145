"""What the checks of AWS's side look at: the case, read by an administrator, and the person's claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from oidc_helper.aws import administration as reads
from oidc_helper.aws.administration import Administrator, Denied
from oidc_helper.doctor.admin.commands import Shell
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import NotChecked, NotKnown
from oidc_helper.errors import OidcHelperError, Refused
from oidc_helper.settings.schema import JWT_BEARER

_CENTER = "sso-admin"


@dataclass(frozen=True)
class Audit(Case):
    """A case that an administrator reads, with the AWS profile `admin_profile` or the environment's credentials.

    `given_claims` are the person's; None means those of the present identity token. `shell` writes the remedies.
    """

    admin_profile: str = ""
    given_claims: Mapping[str, Any] | None = field(default=None, repr=False)
    shell: Shell = field(default_factory=Shell)

    @cached_property
    def admin(self) -> Administrator:
        """The administrator. Raises NotChecked."""
        try:
            credentials = self.aws.open_administrator(self.admin_profile)
        except OidcHelperError as error:
            raise NotChecked("administrator", error) from None
        return Administrator(self.aws, credentials, self.region)

    @property
    def region(self) -> str:
        """The first region of Identity Center in the settings."""
        return self.profile.identity_center_regions[0]

    @cached_property
    def center_region(self) -> str:
        """The region to call: that of the settings, or else one that the instance has. Raises as `admin`."""
        try:
            if self.admin.get(reads.INSTANCE, InstanceArn=self.instance_arn) is not None:
                return self.region
        except Refused:
            pass  # as AWS answers for an instance in another region
        try:
            everywhere = self.admin.all(reads.INSTANCES, RegionScope="ALL_REGIONS") or ()
        except (Denied, OidcHelperError):  # an older botocore does not know the parameter
            return self.region
        none: Mapping[str, Any] = {}
        instance = next((each for each in everywhere if each.get("InstanceArn") == self.instance_arn), none)
        regions = [each.get("RegionName") for each in instance.get("Regions", ()) if each.get("Status") == "ACTIVE"]
        return self.region if self.region in regions else str(instance.get("PrimaryRegion") or self.region)

    @property
    def application_arn(self) -> str:
        """The application of the profile."""
        return self.profile.application_arn

    @property
    def partition(self) -> str:
        """The partition of the application's ARNs, such as `aws`."""
        return self.application_arn.split(":")[1]

    @property
    def account_id(self) -> str:
        """The account of the application."""
        return self.application_arn.split(":")[4]

    @property
    def instance_arn(self) -> str:
        """The instance, which the application's ARN names."""
        return f"arn:{self.partition}:sso:::instance/{self.application_arn.split('/')[1]}"

    @cached_property
    def instance(self) -> Mapping[str, Any]:
        """The answer of DescribeInstance. Raises Denied, Refused, and NotChecked."""
        answer = self.admin.get(reads.INSTANCE, region=self.center_region, InstanceArn=self.instance_arn)
        if answer is None:
            raise Refused(f"the administrator sees no instance {self.instance_arn}", code="ResourceNotFoundException")
        return answer

    @property
    def primary_region(self) -> str:
        """The only region where permission sets can be read."""
        try:
            return str(self.instance.get("PrimaryRegion") or self.center_region)
        except OidcHelperError:
            return self.center_region

    @cached_property
    def store_id(self) -> str:
        """The id of the identity store. Raises as `instance`."""
        return str(self.instance["IdentityStoreId"])

    def center(self, read: reads.Read, **parameters: Any) -> Mapping[str, Any] | None:
        """An answer about the application. Raises NotChecked if that does not exist, and as Administrator.get."""
        self.require_application()
        return self.admin.get(read, region=self.center_region, ApplicationArn=self.application_arn, **parameters)

    def center_all(self, read: reads.Read, **parameters: Any) -> list[Any]:
        """The same, with the entries of all pages."""
        self.require_application()
        return self.admin.all(read, region=self.center_region, ApplicationArn=self.application_arn, **parameters) or []

    def require_application(self) -> None:
        """Raise NotChecked if the application is known not to exist."""
        try:
            answer = self.admin.get(reads.APPLICATION, region=self.center_region, ApplicationArn=self.application_arn)
        except Denied:
            return
        except OidcHelperError as error:
            raise NotChecked("application", error) from None
        if answer is None:
            raise NotChecked("application", Refused("there is no such application"))

    def mend_center(self, operation: str, **options: Any) -> str:
        """The command of that Identity Center operation on the application."""
        return self.shell.aws(
            _CENTER, operation, region=self.center_region, application_arn=self.application_arn, **options
        )

    # The person

    @property
    def exchanges_identity_token(self) -> bool:
        """Whether the profile's proof is an identity token: all sources but two."""
        return self.profile.grant == JWT_BEARER

    def require_identity_token(self) -> None:
        """Raise NotKnown if the proof is no identity token."""
        if not self.exchanges_identity_token:
            raise NotKnown(f"the source {self.profile.identity.source} has no identity token")

    @cached_property
    def claims(self) -> Mapping[str, Any]:
        """The claims of the person's identity token. Raises NotKnown."""
        if self.given_claims is not None:
            return self.given_claims
        self.require_identity_token()
        try:
            token = self.identity_token()
        except (OidcHelperError, NotChecked):
            token = None
        if token is None:
            raise NotKnown("there is no identity token of the person: give its claims with --claims FILE")
        return token.claims

    @property
    def expected_issuer(self) -> str:
        """The `iss` of identity tokens, from the claims or else the settings. Raises NotKnown."""
        try:
            issuer = self.claims.get("iss")
        except NotKnown:
            issuer = self.profile.identity.issuer
            if not issuer:
                raise
        return str(issuer or "")

    @property
    def expected_audiences(self) -> list[str]:
        """The `aud` of identity tokens, from the claims or else the settings. Raises NotKnown."""
        try:
            audience = self.claims.get("aud")
        except NotKnown:
            audience = self.profile.identity.client_id or self.profile.identity.audience
            if not audience:
                raise
        return [str(each) for each in audience] if isinstance(audience, list) else [str(audience or "")]

    @property
    def expected_client(self) -> str:
        """What IAM compares with its client ids: the authorised party if the token has one, else the first audience.

        Raises NotKnown.
        """
        try:
            party = self.claims.get("azp")
        except NotKnown:
            party = None
        return str(party or self.expected_audiences[0])

    @cached_property
    def caller_arn(self) -> str:
        """The role, user or session that signs CreateTokenWithIAM. Raises NotKnown."""
        if role := self.profile.caller.web_identity_role_arn:
            return role
        try:
            return self.aws.arn(self.aws.open_caller(None))
        except OidcHelperError as error:
            raise NotKnown(f"the caller is not known here: {error.message}") from None

    @cached_property
    def jwt_bearer(self) -> Sequence[Mapping[str, Any]]:
        """The trusted token issuers of the grant and their audiences, empty without the grant. Raises as `center`."""
        for grant in self.center_all(reads.GRANTS):
            if grant.get("GrantType") == JWT_BEARER:
                issuers: Sequence[Mapping[str, Any]] = (
                    grant["Grant"].get("JwtBearer", {}).get("AuthorizedTokenIssuers", [])
                )
                return issuers
        return []

    def issuer_rule(self, arn: str) -> Mapping[str, Any]:
        """How a trusted token issuer finds the user; empty if the issuer does not exist. Raises as `admin.get`."""
        answer = self.admin.get(reads.ISSUER, region=self.center_region, TrustedTokenIssuerArn=arn)
        rule: Mapping[str, Any] = (
            (answer or {}).get("TrustedTokenIssuerConfiguration", {}).get("OidcJwtConfiguration", {})
        )
        return rule

    def role(self, arn: str) -> Mapping[str, Any] | None:
        """IAM's description of the role, None if it does not exist. Raises NotKnown and as `admin.get`."""
        account_id, own_id = arn.split(":")[4], self.admin_arn.split(":")[4]
        if account_id != own_id:
            raise NotKnown(
                f"{arn} is in account {account_id}, and the administrator in {own_id}: name another --admin-profile"
            )
        answer = self.admin.get(reads.ROLE, RoleName=arn.rpartition("/")[2])
        role: Mapping[str, Any] | None = answer and answer["Role"]
        return role if role and role.get("Arn") == arn else None

    @cached_property
    def admin_arn(self) -> str:
        """The ARN of the administrator. Raises as `admin.get`."""
        return str((self.admin.get(reads.CALLER) or {})["Arn"])
