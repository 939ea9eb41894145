"""The course of a set-up: it skips what is known, looks for what can be found out, and asks for the rest."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from oidc_helper import settings
from oidc_helper.aws.refusals import WrongRegion
from oidc_helper.aws.tokens import Tokens
from oidc_helper.configure import claims, portal, telling, wording
from oidc_helper.configure.answers import text_of, value_of
from oidc_helper.configure.draft import Draft
from oidc_helper.configure.look import Choice, Look, OpenTarget, Talk
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded
from oidc_helper.identity import UNATTENDED
from oidc_helper.identity.proof import Assertion, Proof
from oidc_helper.settings import Identity, Profile, Settings, checks, regions, writing
from oidc_helper.settings.checks import UnfitError
from oidc_helper.settings.schema import KEYS, SOURCES, Key
from oidc_helper.words import printable

_KEYS: Mapping[tuple[str, str], Key] = {(section, key.name): key for section in KEYS for key in KEYS[section]}
_GUESSES = ("AWS_REGION", "AWS_DEFAULT_REGION")
_FIRST_REGION = "us-east-1"
_TRIES = 4  # of regions
_ALL_THE_SAME = "to write all the same: --no-sign-in"
_TARGET = ("role_arn", "account_access", "account_id", "permission_set", "s3_grant")
# The codes with which Identity Center refuses an application of another region, if it does not name that region.
_UNKNOWN_THERE = {"InvalidClientException", "ResourceNotFoundException"}


class Interview:
    """One set-up of a draft, in the configuration at `path`.

    `edits`: it asks even for what the files already say. `portal_url` is the address of the access portal, if known.
    """

    def __init__(self, draft: Draft, path: str, look: Look, choice: Choice) -> None:
        self.draft = draft
        self.edits = False
        self.portal_url = ""
        self.path = path
        self._look = look
        self._choice = choice
        self._proved: tuple[Identity, Proof | None] | None = None
        self._exchanged: tuple[Profile, Tokens] | None = None
        self._spent: Proof | None = None  # an identity token can be exchanged only once
        self._doubted: set[str] = set()  # the doubts about regions that were shown

    def hold(self) -> None:
        """Ask and look until the draft is complete. Raises OidcHelperError."""
        self._start()
        self._doubt_regions()
        self._identity()
        proof = self._prove()
        self._application()
        self._target(self._tokens(proof))
        self._names()

    def settings(self) -> Settings:
        """The settings as they would be with the draft. Raises WrongSettings."""
        return self._staged(self.draft.tables())

    def _staged(self, tables: writing.Tables) -> Settings:
        change = writing.of_settings(self.path, tables)
        return settings.of_text(self.path, change.after.decode("utf-8-sig"))

    def _start(self) -> None:
        """Ask for a page, an ARN or a profile, any of which may answer many questions at once."""
        talk, draft = self._choice.talk, self.draft
        unknown = draft.value("profile", "application_arn") is None
        if talk and unknown and not self.portal_url:
            answer = talk.ask(
                wording.START_OR_COPY if draft.profiles else wording.START,
                check=self._require_start,
                words=draft.profiles,
                may_be_empty=True,
                subject="the answer",
            )
            if portal.is_address(answer):
                self.portal_url = answer
            elif answer.startswith("arn:"):
                draft.answer("profile", "application_arn", answer)
            else:
                draft.copy_of = answer
        if self.portal_url and draft.value("profile", "identity_center_region") is None:
            self._region_of_portal()

    def _require_start(self, answer: str) -> None:
        if answer.startswith("arn:"):
            _require("profile", "application_arn", answer)
        elif answer and not portal.is_address(answer) and answer not in self.draft.profiles:
            kinds = ", an ARN, or a profile" if self.draft.profiles else " or an ARN"
            raise ValueError(f"is an address such as https://d-1234567890.awsapps.com/start{kinds}")

    def _region_of_portal(self) -> None:
        try:
            region = self._look.portal_region(self.portal_url)
        except OidcHelperError as failure:
            self._tell_failure(failure)
            return
        if region:
            self._choice.show(f"✓ Identity Center is in {region}, by the address of its portal")
            self.draft.answer("profile", "identity_center_region", region)
        else:
            self._choice.show("– the address of the portal does not tell its region")

    def _identity(self) -> None:
        draft, talk = self.draft, self._choice.talk
        if talk and draft.identities and (self.edits or not (draft.identity or draft.answers["identity"])):
            rows = [*draft.identities, wording.ANOTHER_IDENTITY]
            at = draft.identities.index(draft.identity) if draft.identity in draft.identities else 0
            chosen = talk.choose(wording.IDENTITY, rows, present=at)
            if chosen < len(draft.identities):
                draft.answer("profile", "identity", draft.identities[chosen])
            else:
                draft.answer("profile", "identity", "")
        if talk and draft.value("identity", "source") is None and not draft.answers["identity"]:
            names = list(SOURCES)
            rows = [f"{name}: {wording.of_source(name)}" for name in SOURCES]
            draft.answer("identity", "source", names[talk.choose(wording.SOURCE, rows)])
        for key in SOURCES[draft.source].requires:
            self._ask("identity", key, always=self.edits)
            if key == "issuer":
                self._discover()
        draft.name_identity()

    def _discover(self) -> None:
        """Look at the issuer at once: a wrong one is best mended while it is on the screen."""
        while issuer := self.draft.value("identity", "issuer"):
            if not (self._choice.talk or self._choice.signs_in or (self._choice.looks and self._has_new_issuer)):
                return
            try:
                provider = self._look.discover(issuer, self.draft.value("profile", "ca_bundle"))
            except OidcHelperError as failure:
                if not self._choice.talk:
                    failure.hint = "; ".join(filter(None, (failure.hint, _ALL_THE_SAME)))
                    raise
                self._tell_failure(failure)
                self._ask("identity", "issuer", always=True)
            else:
                self._choice.show(*telling.of_provider(provider, self._choice.columns))
                return

    @property
    def _has_new_issuer(self) -> bool:
        return bool(self.draft.answers["identity"].get("issuer"))

    def _prove(self) -> Proof | None:
        """Get a proof now, so that later questions can be answered by looking; some sources need a person for it."""
        identity = self._staged_identity()
        if self._proved and self._proved[0] == identity:
            return self._proved[1]
        proof = None
        if self._choice.signs_in and SOURCES[identity.source].gives_identity_token:
            bare = settings.for_sign_in(self.draft.name, identity, ca_bundle=self.draft.value("profile", "ca_bundle"))
            try:
                proof = self._look.prove(bare)
            except SignInNeeded as failure:
                if identity.source not in UNATTENDED:
                    raise
                self._tell_failure(failure)
                self._choice.show("– the token may be elsewhere, and cannot be judged here")
        if isinstance(proof, Assertion):
            proof = replace(proof, finish=lambda _: None)
            self._judge(proof, identity)
        self._proved = identity, proof
        return proof

    def _judge(self, proof: Assertion, identity: Identity) -> None:
        judged = claims.judge(proof.token, identity, now=self._look.now())
        self._choice.show(*telling.of_claims(judged, self._choice.columns))
        wrong = [claim for claim in judged if claim.verdict == "wrong"]
        if wrong:
            self._require_consent(
                OidcHelperError(
                    f"{wrong[0].claim} of the identity token: {wrong[0].value}",
                    f"{wrong[0].remark}; {_ALL_THE_SAME}",
                )
            )

    def _staged_identity(self) -> Identity:
        """The identity as the settings would have it; the profile need not be known yet. Raises WrongSettings."""
        tables = {table: values for table, values in self.draft.tables().items() if table[0] == "identity"}
        return self._staged(tables).identity(self.draft.identity)

    def _application(self) -> None:
        self._ask("profile", "application_arn", always=self.edits)
        self._caller()

    def _caller(self) -> None:
        talk, present = self._choice.talk, self.draft.value("profile", "caller") or {}
        if not talk or (present and not self.edits):
            return
        names = [name for _, name in wording.CALLERS]
        at = names.index(next(iter(present))) if present else 0
        chosen = names[talk.choose(wording.CALLER, [row for row, _ in wording.CALLERS], present=at)]
        caller: dict[str, Any] = {"environment": True}
        if chosen == "profile":
            caller = {"profile": self._aws_profile(str(present.get("profile", "")))}
        elif chosen == "web_identity_role_arn":
            check = _checking("caller", chosen)
            question = wording.of("caller", _KEYS["caller", chosen])
            caller = {chosen: talk.ask(question, present=present.get(chosen, ""), check=check)}
        self.draft.answer("profile", "caller", caller)

    def _doubt_regions(self) -> None:
        """Warn of each unknown region, once."""
        for doubt in regions.doubts(self.draft.regions):
            if doubt not in self._doubted:
                self._choice.show(f"! {doubt}")
                self._doubted.add(doubt)

    def _aws_profile(self, present: str) -> str:
        talk, names = self._talk, list(self._look.aws_profiles())
        if not names:
            return talk.ask(wording.CALLER_PROFILE, present=present, check=_checking("caller", "profile"))
        return names[
            talk.choose(wording.CALLER_PROFILE, names, present=names.index(present) if present in names else 0)
        ]

    def _tokens(self, proof: Proof | None) -> Tokens | None:
        """Identity Center's tokens, which only its region gives; a wrong region may name the right one."""
        known_region = self.draft.value("profile", "identity_center_region")
        if not self._may_exchange(proof) or not (known_region or self._choice.talk):
            self._ask("profile", "identity_center_region", always=self.edits)
            return None
        region = known_region or self._guessed_region()
        for _ in range(_TRIES):
            try:
                return self._exchanged_in(region, proof)
            except WrongRegion as refusal:
                self._choice.show(f"! the application is in {refusal.region}, not in {text_of(region)}")
                region = refusal.region
            except Refused as refusal:
                if known_region or refusal.code not in _UNKNOWN_THERE or not self._choice.talk:
                    failure = refusal
                    break
                self._ask("profile", "identity_center_region")
                region = known_region = self.draft.value("profile", "identity_center_region")
        else:
            failure = Refused("each region names another one", "oidc-helper configure --identity-center-region REGION")
        self._require_consent(failure)
        self._ask("profile", "identity_center_region")
        return None

    def _may_exchange(self, proof: Proof | None) -> bool:
        """Whether to exchange the proof: a workload's counts once, so it is spent only if tokens answer a question."""
        is_attended = self.draft.source not in UNATTENDED
        needs_none = not SOURCES[self.draft.source].gives_identity_token
        is_known = self.draft.value("profile", "identity_center_region") is not None
        return (
            self._choice.signs_in and bool(proof or needs_none) and (is_attended or self._asks_target or not is_known)
        )

    def _guessed_region(self) -> str:
        return next((region for name in _GUESSES if (region := os.environ.get(name))), _FIRST_REGION)

    def _exchanged_in(self, region: Any, proof: Proof | None) -> Tokens:
        """Get tokens for the profile without a target, which they may help to find; put the region into the draft."""
        trial = replace(self.draft, answers={name: dict(values) for name, values in self.draft.answers.items()})
        trial.name = self.draft.name or "new"
        if region != self.draft.value("profile", "identity_center_region"):
            trial.answer("profile", "identity_center_region", region)
        staged = self._staged(trial.tables())
        unset: dict[str, Any] = dict.fromkeys(_TARGET)
        profile = replace(staged.profile(trial.name), **unset)
        if not self._exchanged or _token_settings(self._exchanged[0]) != _token_settings(profile):
            if proof and proof is self._spent:
                self._proved = None
                proof = self._prove()
            tokens = self._look.exchange(staged, profile, proof)
            self._spent = proof
            user = f" to {printable(tokens.user)}" if tokens.user else ""
            self._choice.show(f"✓ Identity Center gives tokens{user} in {text_of(region)}")
            self._exchanged = profile, tokens
        self.draft.answers["profile"] = trial.answers["profile"]
        return self._exchanged[1]

    @property
    def _asks_target(self) -> bool:
        return bool(self._choice.talk and not self.draft.tokens_only and (self.edits or not self.draft.target))

    def _target(self, tokens: Tokens | None) -> None:
        """Settle what the credentials are for: a target that the tokens open, or one that the person names."""
        if self._asks_target:
            targets = self._targets(tokens)
            rows = [*(target.row for target in targets), *(row for row, _ in wording.TARGETS), wording.NO_TARGET]
            chosen = self._talk.choose(wording.TARGET, rows, present=self._present_target(targets))
            self.draft.tokens_only = rows[chosen] == wording.NO_TARGET
            if chosen < len(targets):
                for key, value in targets[chosen].values.items():
                    self.draft.answer("profile", key, value)
                self.draft.name = self.draft.name or self._ask_name(targets[chosen].name)
            elif not self.draft.tokens_only:
                self.draft.answer("profile", "account_access", None)
                for key in wording.TARGETS[chosen - len(targets)][1]:
                    self._ask("profile", key, always=True)
        elif self.draft.target == "permission set":
            self._ask("profile", "account_id")
            self._ask("profile", "permission_set")

    def _targets(self, tokens: Tokens | None) -> Sequence[OpenTarget]:
        if not tokens or not self._exchanged:
            return ()
        tenant = self.draft.value("profile", "account_access")
        tenants = dict.fromkeys([*filter(None, [tenant]), *self.settings().tenants(self._exchanged[0])])
        try:
            return self._look.targets(self._exchanged[0], tokens, list(tenants))
        except OidcHelperError as failure:
            self._tell_failure(failure)
            return ()

    def _present_target(self, targets: Sequence[OpenTarget]) -> int:
        """The row of the present target, or else the row for its kind; the first if there is no target."""
        for number, target in enumerate(targets):
            if all(self.draft.value("profile", key) == value for key, value in target.values.items()):
                return number
        if self.draft.target:
            return len(targets) + (1 if self.draft.target == "permission set" else 0)
        return 0

    def _names(self) -> None:
        draft, talk = self.draft, self._choice.talk
        if talk and not draft.name:
            draft.name = self._ask_name(str(draft.value("profile", "role_arn") or "").rpartition("/")[2])
        draft.aws_profile = draft.aws_profile or draft.name
        if talk and not draft.tokens_only and (self.edits or draft.value("profile", "region") is None):
            default = draft.region
            region = talk.ask(
                wording.of("profile", _KEYS["profile", "region"]), present=default, check=_checking("profile", "region")
            )
            if region != default:
                draft.answer("profile", "region", region)
                self._doubt_regions()

    def _ask_name(self, suggested: str) -> str:
        fit = "".join(
            letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in suggested
        )
        return self._talk.ask(wording.NAME, present=fit.lstrip("-.")[:64], check=_for_questions(checks.name))

    def _ask(self, section: str, name: str, *, always: bool = False) -> None:
        """Ask for one key, if it is not known or `always`; the present value is in brackets."""
        present, talk = self.draft.value(section, name), self._choice.talk
        if not talk or (present is not None and not always):
            return
        key = _KEYS[section, name]
        if key.table:
            self._ask_table(key, present or {})
            return
        shown = text_of(present) if present is not None else ""
        check = _checking(section, name)
        answer = talk.ask(wording.of(section, key), present=shown, check=check, wanted=key.meaning)
        if (value := value_of(key, answer)) != present:
            self.draft.answer(section, name, value)
            self._doubt_regions()

    def _ask_table(self, key: Key, present: Mapping[str, Any]) -> None:
        """Ask for the required keys of a table."""
        values = dict(present)
        for part in KEYS[key.table]:
            if part.required:
                question = wording.of(key.table, part)
                present_text = text_of(values[part.name]) if part.name in values else ""
                answer = self._talk.ask(question, present=present_text, check=_checking(key.table, part.name))
                values[part.name] = value_of(part, answer)
        self.draft.answer("profile", key.name, values)

    @property
    def _talk(self) -> Talk:
        assert self._choice.talk  # noqa: S101 - it asks only if somebody answers
        return self._choice.talk

    def _tell_failure(self, failure: OidcHelperError) -> None:
        self._choice.show(f"✗ {failure.message}", *([f"    {failure.hint}"] if failure.hint else []))

    def _require_consent(self, failure: OidcHelperError) -> None:
        """Let the person go on in spite of a failure that will come again; else raise it."""
        if not self._choice.talk:
            raise failure
        self._tell_failure(failure)
        if self._choice.talk.decide("Go on in spite of that?", ("no", "yes")) == "no":
            raise failure


def _token_settings(profile: Profile) -> tuple[object, ...]:
    """The settings that decide which tokens Identity Center gives."""
    return profile.identity, profile.application_arn, profile.identity_center_region, profile.caller, profile.scopes


def _require(section: str, name: str, text: str) -> None:
    """Raise ValueError unless the text is a value of the key."""
    _checking(section, name)(text)


def _checking(section: str, name: str) -> Callable[[str], None]:
    """A check of texts for the key; see `_for_questions`."""
    return _for_questions(lambda text: value_of(_KEYS[section, name], text))


def _for_questions(check: Callable[[str], object]) -> Callable[[str], None]:
    """The check as questions take it: with ValueError in place of UnfitError."""

    def require(text: str) -> None:
        try:
            check(text)
        except UnfitError as error:
            raise ValueError(str(error)) from None

    return require
