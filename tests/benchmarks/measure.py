"""The cases, and with which each is compared. They run in turns, so that other load meets all alike."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.launcher import Cost, Launcher
from benchmarks.site import Command, Site
from fakes.secret_service import SecretService

from oidc_helper import kernel, paths
from oidc_helper.emulator.temporary_keyring import VARIABLE

BARE, HIT, COLD, BOTO3 = "python -c pass", "hit", "cold fetch", "bare boto3 script"
HIT_100, HIT_1000, EXEC = "hit, 100 profiles", "hit, 1,000 profiles", "exec of true"
VAULT, VAULT_100, SECRET_TOOL = "hit, Secret Service", "hit, Secret Service, 100 profiles", "secret-tool lookup"
BARE_CROWD, HIT_CROWD, COLD_CROWD = "100 python -c pass at once", "100 hits at once", "100 cold at once"
SLOWEST_BARE, SLOWEST = "slowest python -c pass", "slowest get, one a second"


@dataclass(frozen=True)
class Case:
    """`prepare` returns the command of a run, and its time does not count; `number` commands run at once."""

    name: str
    against: str
    prepare: Callable[[], Command]
    number: int = 1


@dataclass(frozen=True)
class Figures:
    """All runs of a case, and the medians of its ratios to the case `against`, turn by turn."""

    case: Case
    runs: tuple[Cost, ...]
    ratio: float
    memory_ratio: float

    @property
    def wall_ms(self) -> float:
        """The median."""
        return median(run.wall_s for run in self.runs) * 1000

    @property
    def cpu_ms(self) -> float:
        """The median."""
        return median(run.cpu_s for run in self.runs) * 1000

    @property
    def peak_mib(self) -> float:
        """The median."""
        return median(run.peak_kib for run in self.runs) / 1024


def _again(command: Command) -> Callable[[], Command]:
    return lambda: command


def hits(site: Site) -> list[Case]:
    """Hits with growing numbers of profiles, and one that becomes a program."""
    if not kernel.available():
        return [Case(BARE, BARE, site.bare)]
    hit = site.hit()
    program = Command([hit.words[0], "exec", *hit.words[2:], "--", "true"], hit.environment)
    return [
        Case(BARE, BARE, site.bare),
        Case(HIT, BARE, _again(hit)),
        Case(EXEC, HIT, _again(program)),
        Case(HIT_100, BARE, _again(site.hit(profiles=100))),
        Case(HIT_1000, BARE, _again(site.hit(profiles=1_000))),
    ]


def on_desktop(site: Site, service: SecretService) -> Site:
    """The same site with a Secret Service, and without configuration of keyring."""
    return site.with_variables(without=("PYTHON_KEYRING_BACKEND", VARIABLE), DBUS_SESSION_BUS_ADDRESS=service.address)


def vault_hits(site: Site, service: SecretService) -> list[Case]:
    """Hits that only the Secret Service serves, without configuration of keyring."""
    desktop = on_desktop(site, service).with_variables(without=(), **{kernel.VARIABLE: "off"})
    command = desktop.hit()
    cases = [Case(VAULT, BARE, _again(command)), Case(VAULT_100, BARE, _again(desktop.hit(profiles=100)))]
    if tool := shutil.which("secret-tool"):
        entry = f"{paths.APPLICATION}:credentials:{command.words[-1]}@{command.environment[paths.CONFIG_VARIABLE]}"
        words = [tool, "lookup", "service", entry, "username", "oidc-helper"]
        cases.append(Case(SECRET_TOOL, BARE, _again(Command(words, command.environment))))
    return cases


def colds(site: Site) -> list[Case]:
    """A fetch with an empty store, and a script that makes the same calls."""
    return [Case(BOTO3, BOTO3, site.boto3), Case(COLD, BOTO3, site.cold)]


def crowds(site: Site, size: int = 100) -> list[Case]:
    """Many commands at once, as an editor or a build starts them."""
    cases = [Case(BARE_CROWD, BARE_CROWD, site.bare, size), Case(COLD_CROWD, BARE_CROWD, site.cold, size)]
    return [*cases, Case(HIT_CROWD, BARE_CROWD, _again(site.hit()), size)] if kernel.available() else cases


def measured(cases: Sequence[Case], launcher: Launcher, *, rounds: int) -> dict[str, list[Cost]]:
    """Run all cases in turns, every other round backwards. The first round does not count: it fills the file cache."""
    runs: dict[str, list[Cost]] = {case.name: [] for case in cases}
    for number in range(rounds + 1):
        for case in cases if number % 2 else reversed(cases):
            command = case.prepare()
            cost = launcher.cost(command.words, command.environment, number=case.number)
            if number:
                runs[case.name].append(cost)
    return runs


def figures(cases: Sequence[Case], runs: dict[str, list[Cost]]) -> list[Figures]:
    """The figures, in the order of the cases."""

    def ratio(case: Case, of: Callable[[Cost], float]) -> float:
        turns = zip(map(of, runs[case.name]), map(of, runs[case.against]), strict=True)
        return median(one / other for one, other in turns)

    return [
        Figures(
            case,
            tuple(runs[case.name]),
            ratio(case, lambda cost: cost.wall_s),
            ratio(case, lambda cost: cost.peak_kib),
        )
        for case in cases
    ]
