"""A person's choice among a few, by number or by name."""

from collections.abc import Mapping

from oidc_helper.errors import SignInNeeded
from oidc_helper.person.terminal import Terminal
from oidc_helper.words import did_you_mean, shown

_TRIES = 5


def choose(terminal: Terminal, question: str, choices: Mapping[str, str], *, timeout_s: float) -> str:
    """Show the names with their descriptions, and return the chosen name. Raises SignInNeeded if none is chosen."""
    names = list(choices)
    width = max(map(len, names))
    terminal.show(question, *(f"  {at}  {name:{width}}  {choices[name]}" for at, name in enumerate(names, 1)))
    for _ in range(_TRIES):
        try:
            typed = terminal.ask(f"1 to {len(names)}, or a name: ", timeout_s=timeout_s)
        except TimeoutError:
            break
        if typed is None:
            break
        word = typed.strip()
        if word in choices:
            return word
        if word.isdecimal() and 1 <= int(word) <= len(names):
            return names[int(word) - 1]
        if word:
            terminal.show(f"there is no {shown(word, 40)}{did_you_mean(word, names)}")
    raise SignInNeeded("nobody chose what to sign in to")
