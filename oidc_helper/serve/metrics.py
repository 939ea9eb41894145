"""Numbers for Prometheus, without names of profiles or people: everybody on this machine may read them."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from oidc_helper.serve import answers
from oidc_helper.serve.answers import Answer
from oidc_helper.serve.keeper import Keeper

_CONTENT_TYPE = CONTENT_TYPE_LATEST.encode()


class Metrics(Collector):
    """Counts the answers; all other numbers are read from the keepers on request."""

    def __init__(self, keepers: Sequence[Keeper]) -> None:
        self._keepers = keepers
        self._by_status = Counter[int]()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def count(self, status: int) -> None:
        """Count one more answer with that status."""
        self._by_status[status] += 1

    def answer(self) -> Answer:
        """All numbers, in Prometheus's text format."""
        return answers.text(generate_latest(self._registry), _CONTENT_TYPE)

    def collect(self) -> Iterator[Metric]:
        """The numbers at this moment."""
        keepers, now = self._keepers, time.time()
        by_status = CounterMetricFamily("oidc_helper_answers", "Answers, by their HTTP status", labels=["status"])
        for status, number in sorted(self._by_status.items()):
            by_status.add_metric([str(status)], number)
        yield by_status
        fetches = CounterMetricFamily("oidc_helper_fetches", "Fetches of credentials", labels=["outcome"])
        fetches.add_metric(["done"], sum(keeper.done for keeper in keepers))
        fetches.add_metric(["failed"], sum(keeper.failed for keeper in keepers))
        yield fetches
        yield GaugeMetricFamily("oidc_helper_profiles", "Profiles that are served", len(keepers))
        yield GaugeMetricFamily(
            "oidc_helper_profiles_ready",
            "Profiles whose credentials have so much time left that no SDK would ask again at once",
            sum(keeper.is_ready(now) for keeper in keepers),
        )
        yield GaugeMetricFamily(
            "oidc_helper_credentials_end_seconds",
            "When the first of the credentials end, in seconds of Unix time; 0 if some are missing",
            min((keeper.expires_at for keeper in keepers), default=0),
        )
