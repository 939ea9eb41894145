"""How a sentence stands in the lines of a terminal."""

import pytest

from oidc_helper.person.folding import column, filled, folded

ARN = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
CONFIGURE = f"oidc-helper configure analytics --application-arn {ARN} --non-interactive"


def test_a_line_that_fits_stays() -> None:
    """Whatever is in it."""
    hint = "hint: to make one: oidc-helper configure; to try without: oidc-helper demo"

    assert folded(hint, len(hint)) == [hint]


def test_a_sentence_is_broken_at_blanks_alone() -> None:
    """What follows stands in, and a path is not cut at its dashes."""
    said = "oidc-helper: no configuration at /home/alice/.config/oidc-helper/config.toml, which is the usual place"

    assert folded(said, 60) == [
        "oidc-helper: no configuration at",
        "  /home/alice/.config/oidc-helper/config.toml, which is the",
        "  usual place",
    ]


def test_a_command_has_a_line_of_its_own() -> None:
    """Its end is the end of the line, so that it can be copied."""
    hint = "hint: to make one: oidc-helper configure; to see how to write it: oidc-helper help config"

    assert folded(hint, 60) == [
        "hint: to make one:",
        "    oidc-helper configure",
        "  to see how to write it:",
        "    oidc-helper help config",
    ]


@pytest.mark.parametrize(
    "typed",
    [
        CONFIGURE,
        f"aws sso-admin describe-application --application-arn {ARN}",
        "chmod go-w /a/long/name/of/a/directory/that/others/can/write",
        "/home/alice/.local/share/pipx/venvs/oidc-helper/bin/python -m pip install 'oidc-helper[serve]'",
        'application_arn = "' + ARN + '"  # of the other region',
    ],
)
@pytest.mark.parametrize("lead", ["", "look at it, and then go on: "])
def test_what_is_typed_is_never_broken(lead: str, typed: str) -> None:
    """Where it is too long, the terminal cuts it, and puts it together again for whoever copies it."""
    lines = folded(f"hint: {lead}{typed}; that is all", 40)

    assert f"    {typed}" in lines
    assert lines[-1] == "  that is all"


def test_words_after_a_command_are_none_of_it() -> None:
    hint = "hint: oidc-helper login analytics, or name other credentials with --profile"

    assert folded(hint, 40) == [
        "hint:",
        "    oidc-helper login analytics",
        "  or name other credentials with",
        "  --profile",
    ]


def test_an_option_in_a_sentence_is_prose() -> None:
    """Only after a colon it is there to be copied."""
    said = "  --role-arn, or --account-id with --permission-set: what it is for"

    assert folded(said, 40) == ["  --role-arn, or --account-id with", "    --permission-set: what it is for"]


def test_paragraphs_are_filled_and_examples_stay() -> None:
    example = "  oidc-helper get --refresh analytics\n  region = eu-west-1"

    assert filled(f"One sentence that has\ntwo lines.\n\nAn example:\n\n{example}", 30) == [
        "One sentence that has two",
        "lines.",
        "",
        "An example:",
        "",
        "  oidc-helper get --refresh analytics",
        "  region = eu-west-1",
    ]


@pytest.mark.parametrize("width", [20, 40, 60])
def test_no_line_of_a_column_is_wider(width: int) -> None:
    """A long word is broken, since the terminal would go on with it at the margin; nothing is lost."""
    lines = column(f"identity corp, application {ARN} in eu-west-1", width)

    assert max(map(len, lines)) <= width
    assert ARN in "".join(lines)
    assert lines[-1].endswith("in eu-west-1")
