"""The findings of a set-up, as lines for a terminal of any width."""

from collections.abc import Iterable, Iterator

from oidc_helper.configure.claims import JudgedClaim
from oidc_helper.oidc.provider import Provider
from oidc_helper.person import folding
from oidc_helper.words import printable

_MARKS = {"good": "✓", "doubtful": "!", "wrong": "✗"}


def table(rows: Iterable[tuple[str, str, str]], columns: int) -> Iterator[str]:
    """Rows of mark, name and text; on a narrow terminal, a text stands below its name."""
    rows = list(rows)
    widest = max((len(name) for _, name, _ in rows), default=0)
    for mark, name, text in rows:
        line = f"{mark} {name:<{widest}}  {text}"
        if len(line) < columns:
            yield line
        else:
            yield f"{mark} {name}"
            yield from (f"    {part}" for part in folding.column(text, columns - 4))


def of_provider(provider: Provider, columns: int) -> list[str]:
    """What discovery found."""
    pkce = ", ".join(provider.challenges) or "not listed; S256 is sent all the same"
    is_refused = provider.challenges and "S256" not in provider.challenges
    rows = [
        _present("sign-in page", provider.authorization_endpoint),
        ("✓", "tokens", printable(provider.token_endpoint)),
        ("!" if is_refused else "✓" if provider.challenges else "–", "PKCE", printable(pkce)),
        _present("device codes", provider.device_authorization_endpoint),
        _present("revocation", provider.revocation_endpoint),
        ("✓" if "RS256" in provider.algorithms else "✗", "signatures", printable(", ".join(provider.algorithms))),
    ]
    return [f"{provider.host} is an OpenID provider:", *table(rows, columns)]


def of_claims(claims: Iterable[JudgedClaim], columns: int) -> list[str]:
    """The claims of an identity token, with the remarks on them."""
    lines = ["the identity token has these claims:"]
    for judged in claims:
        lines += table([(_MARKS[judged.verdict], f"{judged.claim:<5}", judged.value)], columns)
        if judged.remark:
            lines.append(f"    {judged.remark}")
    return lines


def _present(name: str, endpoint: str) -> tuple[str, str, str]:
    return ("✓", name, printable(endpoint)) if endpoint else ("–", name, "none")
