"""The page that a browser shows at the end of a sign-in: self-contained, without scripts, fit for screen readers."""

from base64 import b64encode
from hashlib import sha256
from html import escape

_STYLE = """
:root { color-scheme: light dark; --paper: #f6f5f2; --card: #fff; --ink: #1f2328; --soft: #59636e; --good: #1a7f4b;
  --bad: #b3261e; --edge: #d8d6d0 }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171a; --card: #1d2125; --ink: #e8eaed; --soft: #a3acb6; --good: #57c98d; --bad: #ff8f86;
    --edge: #33393f }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 1.05rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif }
main { width: 100%; max-width: 30rem; padding: 2.5rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: 1rem; overflow-wrap: anywhere }
svg { display: block; width: 3rem; height: 3rem; fill: none; stroke: var(--bad); stroke-width: 2.5;
  stroke-linecap: round; stroke-linejoin: round }
.good svg { stroke: var(--good) }
h1 { margin: 1.25rem 0 .5rem; font-size: 1.6rem; line-height: 1.25; font-weight: 650 }
p { margin: .5rem 0 0 }
.next { color: var(--soft) }
footer { margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--edge); color: var(--soft); font-size: .85rem }
"""
_MARKS = {
    True: '<circle cx="16" cy="16" r="13"/><path d="M10 16.5l4.2 4.2L22 12"/>',
    False: '<circle cx="16" cy="16" r="13"/><path d="M16 9v8.5M16 22.5v.1"/>',
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading} · oidc-helper</title>
<style>{style}</style>
</head>
<body>
<main class="{outcome}">
<svg viewBox="0 0 32 32" aria-hidden="true">{mark}</svg>
<h1>{heading}</h1>
{paragraphs}
<footer>oidc-helper</footer>
</main>
</body>
</html>
"""
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),  # the address holds the code
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
_RETURN = "Return to the terminal. You can close this tab."


def signed_in() -> bytes:
    """The page for a sign-in that has worked, including the exchange."""
    return _page("Signed in", good=True)


def failed(reason: str) -> bytes:
    """The page for the expected answer, if a later step failed for this reason."""
    return _page("Not signed in", reason)


def ignored(reason: str) -> bytes:
    """The page for a request that was not the expected answer; the sign-in still waits for that."""
    return _page("Nothing to do here", reason)


def _page(heading: str, *texts: str, good: bool = False) -> bytes:
    paragraphs = [f"<p>{escape(text)}</p>" for text in texts if text] + [f'<p class="next">{_RETURN}</p>']
    return _PAGE.format(
        heading=escape(heading),
        style=_STYLE,
        outcome="good" if good else "bad",
        mark=_MARKS[good],
        paragraphs="\n".join(paragraphs),
    ).encode()
