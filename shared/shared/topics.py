"""THE table of topics: key, producer, consumers, events, retention. Everything about a topic is read from here."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.events import (
    Fact,
    announcements,
    attention,
    collaboration,
    deliveries,
    directory,
    features,
    forms,
    frontline,
    incidents,
    issues,
    problems,
    promises,
    routing,
    tidying,
    vendor,
    work,
)

PARTITIONS: Final = 12
"""Default number of partitions of a topic of facts; fixed when it is created."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. retention None means compacted: the newest record per key is kept for good."""

    name: str
    producer: str
    consumers: frozenset[str]
    facts: tuple[type[Fact], ...]
    retention: timedelta | None = timedelta(days=7)

    def partitions(self, of_facts: int) -> int:
        """How many the topic is made with: a directory is small, and each partition costs every fetch."""
        return of_facts if self.retention is not None else 1

    @property
    def dead_letters(self) -> str:
        """The topic with copies of this topic's dead letters, for tools."""
        return f"{self.name}.dlq"


def _topic(
    name: str,
    producer: str,
    consumers: str,
    *facts: type[Fact],
    retention: timedelta | None = timedelta(days=7),
) -> Topic:
    return Topic(name, producer, frozenset(consumers.split()), facts, retention)


ISSUES: Final = _topic(
    "support.issues",
    "intake",
    "router tier-queues notifications",
    issues.IssueSubmitted,
    issues.CustomerReplied,
    issues.ReopenRequested,
    issues.IssueWithdrawn,
    issues.ConsentGiven,
    issues.FormAnswered,
    issues.SatisfactionRated,
    announcements.AnnouncementAddressed,
)
ROUTING: Final = _topic("support.routing", "router", "tier-queues", routing.IssueRouted)
WORK: Final = _topic(
    "support.work",
    "tier-queues",
    "intake router vendor-bridge notifications",
    work.IssueQueued,
    work.IssueClaimed,
    work.IssueReleased,
    work.IssueReplied,
    work.IssueNoted,
    work.CustomerHeard,
    work.HandoverOffered,
    work.HandoverAccepted,
    work.HandoverReturned,
    work.HandoverWithdrawn,
    work.HandoverOverdue,
    work.IssueForwarded,
    work.VendorHeard,
    work.DeliveryNoted,
    work.IssueWaiting,
    work.IssueResumed,
    work.PriorityChanged,
    work.IssueReclassified,
    work.IssueRerouted,
    work.ClockWarned,
    work.ClockBreached,
    work.IssueResolved,
    work.IssueReopened,
    work.IssueClosed,
    attention.IssueSkipped,
    attention.IssuePushed,
    attention.PushEnded,
    attention.OwnerIdle,
    attention.LeadAlerted,
    attention.AccountManagerInformed,
    attention.EscalationStepTaken,
    promises.UpdatePromised,
    promises.PromisesChanged,
    collaboration.ConsultAsked,
    collaboration.ConsultAnswered,
    collaboration.ConsultClosed,
    collaboration.ConsultOverdue,
    collaboration.AgentMentioned,
    collaboration.ParticipantJoined,
    collaboration.ParticipantLeft,
    collaboration.RemoteSessionOffered,
    collaboration.RemoteSessionEnded,
    collaboration.CustomerConsented,
    collaboration.CustomerRated,
    frontline.CustomerVerified,
    frontline.CallLogged,
    frontline.CallBackBooked,
    frontline.CallBackDue,
    frontline.GuideStepRecorded,
    problems.ProblemLinked,
    problems.ProblemUnlinked,
    problems.WorkaroundPublished,
    problems.WorkaroundInserted,
    problems.FixReleased,
    tidying.TagsChanged,
    tidying.IssueLinked,
    tidying.IssueUnlinked,
    tidying.IssueMerged,
    tidying.IssueSplit,
    forms.FormAsked,
    announcements.AnnouncementMade,
    features.FeatureRequestChanged,
    incidents.MajorIncidentDeclared,
    incidents.IncidentUpdated,
    incidents.MajorIncidentEnded,
)
VENDOR: Final = _topic(
    "support.vendor",
    "vendor-bridge",
    "tier-queues",
    vendor.VendorCaseOpened,
    vendor.VendorCaseDelivered,
    vendor.VendorCaseAcknowledged,
    vendor.VendorCaseUpdated,
    vendor.VendorCaseResolved,
    vendor.VendorCaseRejected,
    vendor.VendorDeliveryExhausted,
)
DELIVERIES: Final = _topic(
    "support.deliveries",
    "notifications",
    "tier-queues",
    deliveries.NotificationDelivered,
    deliveries.NotificationFailed,
)
INTAKE_DIRECTORY: Final = _topic(
    "intake.directory", "intake", "notifications", directory.ClientApplicationListed, retention=None
)
TIER_QUEUES_DIRECTORY: Final = _topic(
    "tier-queues.directory",
    "tier-queues",
    "intake router vendor-bridge notifications",
    directory.SessionRevoked,
    directory.AgentListed,
    directory.TeamListed,
    retention=None,
)
VENDOR_BRIDGE_DIRECTORY: Final = _topic(
    "vendor-bridge.directory", "vendor-bridge", "tier-queues", directory.VendorListed, retention=None
)

TOPICS: Final = (
    ISSUES,
    ROUTING,
    WORK,
    VENDOR,
    DELIVERIES,
    INTAKE_DIRECTORY,
    TIER_QUEUES_DIRECTORY,
    VENDOR_BRIDGE_DIRECTORY,
)
TOPIC_OF: Final[Mapping[str, Topic]] = {fact.TYPE: topic for topic in TOPICS for fact in topic.facts}
"""Event type to the topic it is published on."""

DEAD_LETTER_RETENTION: Final = timedelta(days=30)
SEGMENT: Final = timedelta(days=1)
KNOWN_WITHIN: Final = timedelta(seconds=30)
KNOWN_POLL: Final = timedelta(milliseconds=50)


async def create_topics(bootstrap: str, namespace: str = "", *, partitions: int = PARTITIONS) -> None:
    """Make every topic of the table that does not exist yet, with its dead letters' topic.

    namespace: prefix of all names, so that several installations can share a broker.
    Raises the broker's error when a topic cannot be made, TimeoutError when the broker does not come to know one.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        wanted = [made for topic in TOPICS for made in _created(topic, namespace, partitions)]
        response = await admin.create_topics([made for made in wanted if made.name not in existing])
        for _, code, *_ in response.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error
        await _until_known(admin, [made.name for made in wanted])
    finally:
        await admin.close()


async def _until_known(admin: AIOKafkaAdminClient, names: list[str]) -> None:
    """Return once every partition has a leader: the broker says that a topic is made a little before it knows it.

    A consumer that subscribes in between is assigned nothing, and looks again only minutes later.
    """
    async with asyncio.timeout(KNOWN_WITHIN.total_seconds()):
        while not all(_is_led(topic) for topic in await admin.describe_topics(names)):  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(KNOWN_POLL.total_seconds())


def _is_led(topic: dict[str, Any]) -> bool:
    partitions = topic["partitions"]
    return not topic["error_code"] and bool(partitions) and all(place["leader"] >= 0 for place in partitions)


def _created(topic: Topic, namespace: str, partitions: int) -> list[NewTopic]:
    segment = {"segment.ms": str(_milliseconds(SEGMENT))}
    kept = (
        {"cleanup.policy": "compact"}
        if topic.retention is None
        else {"retention.ms": str(_milliseconds(topic.retention))}
    )
    dead = {"retention.ms": str(_milliseconds(DEAD_LETTER_RETENTION))}
    return [
        NewTopic(namespace + topic.name, topic.partitions(partitions), 1, topic_configs=segment | kept),
        NewTopic(namespace + topic.dead_letters, 1, 1, topic_configs=segment | dead),
    ]


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
