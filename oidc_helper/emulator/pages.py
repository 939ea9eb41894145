"""The pages that a person sees: self-contained, without scripts, never cached or framed."""

from collections.abc import Iterable, Mapping
from html import escape

from oidc_helper.emulator.calls import Answer

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # without a referrer, browsers send `Origin: null` with our own forms
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 15vh auto; padding: 0 1rem }}
label {{ display: block; margin: .4rem 0 }}
button {{ font: inherit; padding: .4rem 1.2rem; margin: 1rem .5rem 0 0 }}
</style></head>
<body><main><h1>{title}</h1>
{body}</main></body></html>
"""


def page(title: str, *paragraphs: str, status: int = 200, error: str | None = None) -> Answer:
    """A page of text."""
    body = "".join(f"<p>{escape(text)}</p>\n" for text in paragraphs)
    return _answer(title, body, status=status, error=error)


def decision_page(  # noqa: PLR0913 - the parts of a page
    title: str, question: str, *, action: str, hidden: Mapping[str, str], users: Iterable[str], offered: str
) -> Answer:
    """A page where a person signs in as a user; its form posts `user` and `decision` (approve or deny)."""
    fields = [f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items()]
    for user in users:
        checked = " checked" if user == offered else ""
        fields.append(f'<label><input type="radio" name="user" value="{escape(user)}"{checked}> {escape(user)}</label>')
    return _answer(
        title,
        f'<p>{escape(question)}</p>\n<form method="post" action="{escape(action)}">\n'
        + "\n".join(fields)
        + '\n<button name="decision" value="approve">Sign in</button><button name="decision" value="deny">Deny</button>'
        + "\n</form>\n",
    )


def code_page(title: str, action: str) -> Answer:
    """A page that asks for the code shown by a device."""
    return _answer(
        title,
        f'<form action="{escape(action)}"><label>Code <input name="user_code" autofocus autocomplete="off"></label>'
        "<button>Continue</button></form>\n",
    )


def _answer(title: str, body: str, *, status: int = 200, error: str | None = None) -> Answer:
    return Answer(status, _PAGE.format(title=escape(title), body=body).encode(), _HEADERS, error=error)
