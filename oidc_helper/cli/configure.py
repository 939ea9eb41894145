"""`configure`: make or change a profile, with a person's answers or from flags alone."""

import argparse
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, TextIO

from oidc_helper import paths
from oidc_helper.aws.tokens import Tokens
from oidc_helper.cli.person import asking_at_login, ending_by_exceptions
from oidc_helper.cli.streams import write_lines
from oidc_helper.cli.wiring import drafted, errand
from oidc_helper.configure import flags, plan, portal
from oidc_helper.configure.draft import Draft
from oidc_helper.configure.interview import Interview
from oidc_helper.configure.look import Choice, Look, OpenTarget
from oidc_helper.errors import OidcHelperError, WrongSettings
from oidc_helper.fetch import broker
from oidc_helper.fetch.proofs import Asking
from oidc_helper.identity import INTERACTIVE
from oidc_helper.identity.proof import Proof
from oidc_helper.person import browser, times
from oidc_helper.person.terminal import Terminal, has_terminal
from oidc_helper.settings import Identity, Profile, Settings, writing
from oidc_helper.store.kinds import SIGN_IN, TOKENS
from oidc_helper.store.pending import PendingStore
from oidc_helper.words import printable

if TYPE_CHECKING:
    from oidc_helper.oidc.provider import Provider
    from oidc_helper.person.questions import Questions

_CALL_S = 20.0
_TRIAL_S = 60  # for the AWS CLI, once
_NOTHING = "nothing was written"
_WITHOUT_TERMINAL = (
    "oidc-helper configure analytics --issuer https://idp.example.com --client-id oidc-helper "
    "--application-arn arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef "
    "--identity-center-region eu-west-1 --caller-role arn:aws:iam::123456789012:role/tip-caller "
    "--role-arn arn:aws:iam::123456789012:role/analytics --non-interactive"
)


def configure(options: argparse.Namespace, answer: TextIO) -> int:
    """Ask for what cannot be found out, show both files' diffs, and write both files."""
    values = flags.texts_in(vars(options))
    path = paths.config_file()
    draft, before = plan.begin(path, options.profile or "")
    draft.aws_profile, draft.tokens_only = options.aws_profile or "", options.tokens_only
    draft.copy_of = _known(options.copy, before)
    plan.answer(draft, values)
    is_asking = not options.non_interactive and has_terminal()
    if not is_asking:
        draft.name_identity()
        missing = draft.missing(will_find_region=bool(options.portal))
        if not (options.non_interactive or options.yes or options.dry_run):
            hint = _WITHOUT_TERMINAL if missing else "add --yes to write, or --dry-run to see the diffs"
            raise WrongSettings("there is no terminal to ask at", hint)
        plan.require_complete(draft, will_find_region=bool(options.portal))
    plan.require_possible(draft, path, default_is_meant=options.aws_profile == "default")
    with ExitStack() as closing:
        closing.enter_context(ending_by_exceptions())
        asking = closing.enter_context(asking_at_login(way=None, force=False))
        terminal = asking.person().terminal
        questions = closing.enter_context(_questions(terminal)) if is_asking else None
        looking = _Looking(before, asking, terminal)
        looks = not (options.no_sign_in or (options.dry_run and options.non_interactive))
        signs_in = looks and not (options.non_interactive and draft.source in INTERACTIVE and browser.obstacle())
        choice = Choice(questions, questions.show if questions else terminal.show, signs_in, looks, terminal.columns)
        choice.show(*(f"! {problem.message}" for problem in before.problems))
        if looks and not choice.signs_in and not options.dry_run:
            choice.show(f"– nobody signs in, since {browser.obstacle()}")
        interview = Interview(draft, path, looking.look, choice)
        interview.edits = not draft.is_new and not (values or options.copy)
        interview.portal_url = _address(options.portal)
        try:
            changes = _agreed(interview, before, options, answer, questions)
        except (KeyboardInterrupt, EOFError) as end:
            terminal.show(f"oidc-helper: {_NOTHING}")
            if isinstance(end, EOFError):
                return 1
            raise
        if changes is None:
            return 0
        writing.carry_out(changes)
        looking.store.keep()
        must_sign_in = draft.source in INTERACTIVE and not looking.has_signed_in
        _report(draft, changes, answer, must_sign_in=must_sign_in)
        if looking.has_signed_in and not draft.tokens_only:
            _try(draft, questions, answer)
    return 0


def _known(name: str | None, before: Settings) -> str:
    if name:
        before.profile(name)
    return name or ""


def _address(text: str | None) -> str:
    if text and not portal.is_address(text):
        raise WrongSettings(
            "--portal is not an address", "oidc-helper configure --portal https://d-1234567890.awsapps.com/start"
        )
    return text or ""


@contextmanager
def _questions(terminal: Terminal) -> Iterator["Questions"]:
    from oidc_helper.person.questions import questions

    with questions(terminal) as person:
        yield person


def _agreed(
    interview: Interview,
    before: Settings,
    options: argparse.Namespace,
    answer: TextIO,
    questions: "Questions | None",
) -> Sequence[writing.Change] | None:
    """The changes to write; None if they are only shown, or the person does not agree."""
    draft = interview.draft
    while True:
        interview.hold()
        plan.require_complete(draft)
        meant = options.aws_profile == "default"
        changes = [
            change for change in plan.changes(draft, interview.path, before, default_is_meant=meant) if change.is_needed
        ]
        if options.dry_run:
            answer.writelines(map(writing.diff, changes))
            return None
        if not questions or options.yes or not changes:
            return changes
        for change in changes:
            questions.show("")
            questions.show_diff(writing.diff(change))
        decision = questions.decide("Write this?", ("yes", "no", "edit"))
        if decision == "yes":
            return changes
        if decision == "no":
            answer.write(f"{_NOTHING}\n")
            return None
        interview.edits = True


def _report(draft: Draft, changes: Sequence[writing.Change], answer: TextIO, *, must_sign_in: bool) -> None:
    lines = [f"wrote {printable(change.path)}" for change in changes] or ["nothing to change"]
    if must_sign_in:
        lines.append(f"to sign in: {shlex.join(['oidc-helper', 'login', draft.name])}")
    if not draft.tokens_only:
        lines.append(f"to try it: {shlex.join(_command(draft))}")
    write_lines(answer, *lines)
    answer.flush()


def _command(draft: Draft) -> list[str]:
    return ["aws", "sts", "get-caller-identity", "--profile", draft.aws_profile]


def _try(draft: Draft, questions: "Questions | None", answer: TextIO) -> None:
    """Fetch the credentials once, so that the first program finds them; at a terminal, offer to run the command."""
    getting = errand(draft.name)
    fetched = getting.deadline.run(lambda: broker.fetch(getting.profile, getting.settings.stamp, getting.means))
    write_lines(answer, f"credentials of {draft.name}, {times.until(fetched.expires_at)}")
    answer.flush()
    program = shutil.which("aws")
    if not questions or not program or questions.decide("Run it now?", ("yes", "no")) == "no":
        return
    try:
        done = subprocess.run(
            [program, *_command(draft)[1:]], capture_output=True, text=True, timeout=_TRIAL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        questions.show(f"✗ aws cannot be run: {type(failure).__name__}")
        return
    questions.show(*(printable(line) for line in (done.stdout or done.stderr).splitlines()))


@dataclass
class _Looking:
    """How `configure` finds things out, with a store whose records wait until the settings are written."""

    before: Settings
    asking: Asking
    terminal: Terminal
    has_signed_in: bool = False
    _current: list[Identity] = field(default_factory=list)  # the identity of the last sign-in

    @cached_property
    def store(self) -> PendingStore:
        return PendingStore(self._is_in_force, prompts=not browser.obstacle(), signs_in=True)

    @property
    def look(self) -> Look:
        return Look(
            discover=self._discover,
            prove=self._prove,
            exchange=self._exchange,
            targets=self._targets,
            portal_region=self._portal_region,
            aws_profiles=plan.callers,
            now=time.time,
        )

    def _is_in_force(self, kind: str, name: str) -> bool:
        """Whether the record belongs to the settings as they are in the files now."""
        identities = {each.name: each for each in self._current}
        if kind == SIGN_IN:
            return name not in identities or self.before.identities.get(name) == identities[name]
        if kind == TOKENS:
            owners = [each for each in self.before.profiles.values() if each.tokens_name == name]
            return any(identities.get(each.identity.name, each.identity) == each.identity for each in owners)
        return True

    @contextmanager
    def _leading_back(self, profile: Profile) -> Iterator[None]:
        """Let hints name this command instead of a sign-in, for a profile that is not written yet."""
        try:
            yield
        except OidcHelperError as failure:
            if profile.name not in self.before.profiles:
                again = "oidc-helper configure"
                as_another = f"sign out at the identity provider, then {again}"
                hint = failure.hint.replace(f"{profile.login} --force", as_another)
                failure.hint = hint.replace(profile.login, again)
            raise

    def _discover(self, issuer: str, ca_bundle: str | None) -> "Provider":
        from oidc_helper.oidc.connection import Client
        from oidc_helper.oidc.provider import discover

        with self.terminal.watching(lambda: f"looking at {printable(issuer)}"):
            return discover(issuer, client=Client("", ca_bundle=ca_bundle), timeout_s=_CALL_S)

    def _prove(self, profile: Profile) -> Proof:
        self._current = [profile.identity]
        signing_in = drafted(profile, self.before, self.store, self.asking)
        with self._leading_back(profile):
            proof = signing_in.deadline.run(lambda: signing_in.means.prove(may_ask=True))
        proof.finish(None)
        return proof

    def _exchange(self, draft: Settings, profile: Profile, proof: Proof | None) -> Tokens:
        self._current = [profile.identity]
        exchanging = drafted(profile, draft, self.store, self.asking)
        means = exchanging.means
        if proof:
            means = means._replace(prove=lambda *, may_ask: proof)  # noqa: ARG005
        with self._leading_back(profile), self.terminal.watching(lambda: "asking Identity Center"):
            tokens, _ = exchanging.deadline.run(lambda: broker.sign_in(profile, means, anew=True))
        self.has_signed_in = True
        return tokens

    def _targets(self, profile: Profile, tokens: Tokens, tenants: Sequence[str]) -> Sequence[OpenTarget]:
        from oidc_helper.aws.client import Aws
        from oidc_helper.profiles import listing, naming
        from oidc_helper.profiles.filters import Filters

        aws = Aws(profile, time_left=lambda: _CALL_S)
        with self._leading_back(profile), self.terminal.watching(lambda: "listing what you may use"):
            listed = listing.look(aws, lambda _: tokens, tenants, Filters(), lambda *_: None)
        names = naming.name_all(listed.access, "{account_name}-{permission_set}", {}, self.before.profiles)
        return [
            OpenTarget(
                f"{printable(access.account.name)} {access.account.account_id}: {printable(access.name)}",
                {"account_id": access.account.account_id, "permission_set": access.permission_set}
                if access.permission_set
                else {"role_arn": access.role_arn, "account_access": access.account_access},
                names[access.key],
            )
            for access in listed.access
        ]

    def _portal_region(self, address: str) -> str:
        if region := portal.region_in(address):
            return region
        from oidc_helper.aws import start_url

        with self.terminal.watching(partial(str, f"looking at {printable(address)}")):
            end = start_url.followed(address, until=portal.region_in, ca_bundle=None, timeout_s=_CALL_S)
        return portal.region_in(end)
