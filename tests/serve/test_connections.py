"""Connections make way before the process has as many files open as it may."""

import resource
from unittest.mock import Mock

import pytest

from oidc_helper.serve.connections import Connections


@pytest.mark.parametrize(("files", "most"), [(256, 128), (1_024, 500), (1_048_576, 500), (resource.RLIM_INFINITY, 500)])
def test_the_one_that_waits_for_the_longest_time_makes_way(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    """Of 256 on macOS, some are taken by all else."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    connections, transports = Connections(), [Mock() for _ in range(most + 2)]
    for transport in transports[:most]:
        connections.begin_wait(transport)
    connections.begin_wait(transports[0])  # it was heard of again
    for transport in transports[most:]:
        connections.begin_wait(transport)

    assert [one for one in transports if one.abort.called] == transports[1:3]
