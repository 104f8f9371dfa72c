"""The table of topics says what is true: who publishes, who reads, and every event on exactly one topic."""

import importlib
from collections import Counter

import pytest

from shared.contracts import ASYNCAPI, asyncapi, written
from shared.events import FACTS, Fact
from shared.topics import TOPIC_OF, TOPICS, Topic

SERVICES = ("intake", "router", "tier-queues", "vendor-bridge", "notifications")


def subscribed(service: str) -> frozenset[type[Fact]]:
    """The facts that a service's consumer takes."""
    return frozenset(importlib.import_module(f"{service.replace('-', '_')}.consumer").HANDLERS)


def test_every_event_is_on_exactly_one_topic() -> None:
    places = Counter(fact.TYPE for topic in TOPICS for fact in topic.facts)
    assert places == Counter(dict.fromkeys(FACTS, 1))


def test_every_topic_is_written_and_read_by_services_that_exist() -> None:
    for topic in TOPICS:
        assert topic.producer in SERVICES
        assert topic.consumers <= set(SERVICES)
        assert topic.producer not in topic.consumers


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_declared_consumers_of_a_topic_are_those_that_subscribe(topic: Topic) -> None:
    readers = {service for service in SERVICES if any(TOPIC_OF[fact.TYPE] is topic for fact in subscribed(service))}
    assert readers == topic.consumers


def test_every_event_has_a_reader() -> None:
    read = {fact.TYPE for service in SERVICES for fact in subscribed(service)}
    assert sorted(set(FACTS) - read) == []


def test_the_committed_page_of_topics_is_that_of_the_table() -> None:
    assert ASYNCAPI.read_text(encoding="utf-8") == written(asyncapi()), "run: python -m shared.contracts"
