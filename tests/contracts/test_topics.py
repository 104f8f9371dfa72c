"""The table of topics says what is true: who publishes, who reads, and every event on exactly one topic."""

from collections import Counter
from importlib import import_module

import pytest

from shared.contracts import ASYNCAPI, asyncapi, written
from shared.events import FACTS, Fact
from shared.events.deliveries import NotificationDelivered
from shared.service import Service
from shared.topics import TOPIC_OF, TOPICS, Topic
from support.people import public_keys, signing_key

SERVICES = ("intake", "router", "tier-queues", "vendor-bridge", "notifications")

FOR_REPORTS_ONLY = {NotificationDelivered.TYPE}
"""No service acts on these; they are published for whoever measures delivery. Anything else needs a reader."""


@pytest.fixture(scope="module")
def subscribed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, frozenset[type[Fact]]]:
    """By service, the facts that its consumer takes, as the service is really wired. No server is asked."""
    environment = {
        "DATABASE_URL": "postgresql://nobody@localhost/nothing",
        "KAFKA_BOOTSTRAP": "localhost:9092",
        "TIERDESK_SECRET": "00" * 32,
        "TIERDESK_STAFF_PUBLIC_KEYS": public_keys(),
        "TIERDESK_TIER_QUEUES_SIGNING_KEY": signing_key(),
        "TIERDESK_OBJECT_STORE": tmp_path_factory.mktemp("objects").as_uri(),
    }
    return {service: _facts_of(service.replace("-", "_"), environment) for service in SERVICES}


def _facts_of(package: str, environment: dict[str, str]) -> frozenset[type[Fact]]:
    settings = import_module(f"{package}.settings").Settings.model_validate(environment)
    service: Service = import_module(f"{package}.app").build(settings)
    assert service.consumer is not None
    return service.consumer.facts


def test_every_event_is_on_exactly_one_topic() -> None:
    places = Counter(fact.TYPE for topic in TOPICS for fact in topic.facts)
    assert places == Counter(dict.fromkeys(FACTS, 1))


def test_every_topic_is_written_and_read_by_services_that_exist() -> None:
    for topic in TOPICS:
        assert topic.producer in SERVICES
        assert topic.consumers <= set(SERVICES)
        assert topic.producer not in topic.consumers


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_declared_consumers_of_a_topic_are_those_that_subscribe(
    topic: Topic, subscribed: dict[str, frozenset[type[Fact]]]
) -> None:
    readers = {service for service, facts in subscribed.items() if any(TOPIC_OF[fact.TYPE] is topic for fact in facts)}
    assert readers == topic.consumers


def test_every_event_has_a_reader(subscribed: dict[str, frozenset[type[Fact]]]) -> None:
    read = {fact.TYPE for facts in subscribed.values() for fact in facts}
    assert set(FACTS) - read == FOR_REPORTS_ONLY


def test_the_committed_page_of_topics_is_that_of_the_table() -> None:
    assert ASYNCAPI.read_text(encoding="utf-8") == written(asyncapi()), "run: python -m shared.contracts"
