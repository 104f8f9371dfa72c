"""Settings of tier-queues: `TIERDESK_TIER_QUEUES_<NAME>`, besides those of every service."""

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.settings import ServiceSettings
from shared.vocabulary import Tier, WaitingFor
from tier_queues.goals import AROUND_THE_CLOCK, SLA_CLOCKS, Goal, GoalRow, GoalTable
from tier_queues.measures import Measure
from tier_queues.policies import Policies
from tier_queues.report_targets import Costs, MeasureTarget, ReportTargets, Targets


class Promise(BaseModel):
    """A goal of a clock. calendar: `always` or `business`; span counts in its hours, a business day being 8 h."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    span: Annotated[timedelta, Field(gt=timedelta())]
    calendar: Literal["always", "business"] = AROUND_THE_CLOCK

    @property
    def goal(self) -> Goal:
        """As policies hold it."""
        return Goal(self.span, self.calendar)


class Settings(ServiceSettings):
    """Whose lists and timers a process runs, how staff sign in, and the limits of work."""

    model_config = SettingsConfigDict(
        env_prefix="TIERDESK_TIER_QUEUES_", frozen=True, populate_by_name=True, extra="ignore"
    )

    SERVICE: ClassVar[str] = "tier-queues"

    tiers: Annotated[frozenset[Tier] | None, NoDecode] = None
    """Tiers whose lists and timers this process runs, as `2,3`; all when not given."""
    signing_key: SecretStr = SecretStr("")
    """Private Ed25519 JSON Web Key that signs staff tokens; needed where staff sign in."""

    token_life: timedelta = timedelta(minutes=15)
    session_life: timedelta = timedelta(hours=12)
    sign_ins_per_minute: Annotated[int, Field(ge=1)] = 10
    """Attempts allowed per agent and address, in each process."""
    passwords_at_once: Annotated[int, Field(ge=1)] = 2
    """Passwords verified at the same time; each takes 19 MiB meanwhile."""

    zone: ZoneInfo = ZoneInfo("UTC")
    """Where business hours are those of the wall clock, e.g. `Europe/Berlin`."""
    holidays: Annotated[frozenset[date], NoDecode] = frozenset()
    """Days without business hours, as `2026-12-25,2026-12-26`."""
    goals: dict[str, Promise | None] = Field(default_factory=dict)
    """What differs from the product's promises, as JSON: `{"first-response/2": {"span": "PT30M"}}`; null for none."""
    vendor_wait_pauses: bool = False
    """Whether the clocks towards the customer rest while a vendor works; those of the vendor run in any case."""
    offer_timeout: timedelta = timedelta(hours=1)
    """After it an offer that nobody took alerts the lead."""
    consult_timeout: timedelta = timedelta(minutes=30)
    """After it a question to somebody else that nobody answered alerts the lead of those who were asked."""
    close_after: timedelta = timedelta(days=7)
    """A resolved issue closes by itself after so long."""
    skills_wait: timedelta | None = timedelta(minutes=15)
    """After each such wait in a queue one more of an issue's skills is asked of nobody; null for never."""
    skip_for: timedelta = timedelta(minutes=30)
    """An agent who passed an issue by is not given it again for so long."""
    idle_grace: timedelta = timedelta(minutes=15)
    """From an idle owner's warning until the issue goes back to the queue."""
    rules_look: timedelta = timedelta(seconds=1)
    """How soon a process follows a change of the organisation that another one made."""
    overflow_look: timedelta = timedelta(seconds=2)
    """How often a tier that another one may help is looked at."""
    leaving_look: timedelta = timedelta(seconds=2)
    """How soon what an inactive agent owns goes back to the queue."""

    promises_lead: timedelta = timedelta(seconds=5)
    """From a change of the promises until it is in force, and from then until open issues are walked: longer than any
    process needs to hear of it and to end what it began before."""
    promises_batch: Annotated[int, Field(ge=1)] = 500
    """Issues looked at in one transaction after a change of the promises."""

    batch_limit: Annotated[int, Field(ge=1)] = 100
    """Commands that may share one transaction."""
    batch_lanes: Annotated[int, Field(ge=1)] = 2
    """Transactions of commands at the same time, in one process."""

    timer_poll: timedelta = timedelta(milliseconds=250)
    timer_batch: Annotated[int, Field(ge=1)] = 100
    """Due issues handled in one transaction."""
    announce_every: timedelta = timedelta(seconds=5)
    """How often a worker says which tiers it runs."""
    announcement_life: timedelta = timedelta(seconds=30)
    """A process not heard of for so long names no tier any more."""
    news_poll: timedelta = timedelta(seconds=1)
    """How often is looked whether a problem has something to tell its issues."""
    news_batch: Annotated[int, Field(ge=1)] = 100
    """Issues that are told of a problem's workaround or fix in one transaction."""
    count_every: timedelta = timedelta(seconds=10)
    """How soon is told that more, or fewer, customers ask for a feature."""
    bulk_batch: Annotated[int, Field(ge=1)] = 50
    """Issues of a command for many that are worked in one transaction."""
    bulk_kept: timedelta = timedelta(days=7)
    """How long a finished command for many issues is shown."""
    automation_poll: timedelta = timedelta(milliseconds=500)
    """How soon a rule of automation acts."""
    automation_batch: Annotated[int, Field(ge=1)] = 50
    """Rules that act in one transaction."""
    automation_depth: Annotated[int, Field(ge=1)] = 3
    """How many rules may set off each other before the next one is stopped."""
    automation_per_issue: Annotated[int, Field(ge=1)] = 20
    """How often rules may act on one issue within a day."""
    automation_kept: timedelta = timedelta(days=90)
    """How long is shown what rules did."""
    draft_kept: timedelta = timedelta(days=30)
    """How long what an agent has begun to write is kept without being touched."""
    forget_batch: Annotated[int, Field(ge=1)] = 1000
    """Drafts forgotten in one transaction."""
    follow_every: timedelta = timedelta(seconds=1)
    """How often reports and search follow the timeline."""
    follow_batch: Annotated[int, Field(ge=1)] = 200
    """Entries of the timeline, and issues of a rebuild, read in one transaction."""
    follow_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Of the time, at most spent on that: 0.2 rests four times as long as it reads."""
    cost_per_hour: Costs = Field(default_factory=lambda: dict(COST_PER_HOUR))
    """What an hour of work costs at each tier at first, in the organisation's currency, as JSON: `{"1": 30}`."""
    report_targets: Targets = Field(default_factory=lambda: dict(REPORT_TARGETS))
    """Targets of measures at first, as JSON: `{"reopen": {"target": 0.05, "alarm": 0.08}}`."""
    counts_life: timedelta = timedelta(seconds=1)
    """How old the counts of tiers may be."""
    early_after: timedelta = timedelta(seconds=60)
    """A fact that waits so long for its issue's routing raises an alarm."""
    late_after: timedelta = timedelta(seconds=10)
    """A due time missed by so much raises an alarm."""

    @field_validator("tiers", "holidays", mode="before")
    @classmethod
    def _comma_separated_values(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("tiers")
    @classmethod
    def _all_when_none_is_named(cls, tiers: frozenset[int] | None) -> frozenset[int] | None:
        return tiers or None

    @property
    def policies(self) -> Policies:
        """The rules of work: the product's own, with what these settings change."""
        usual = Policies.in_zone(self.zone, self.holidays)
        changed = [_row(name, promise) for name, promise in self.goals.items()]
        vendor = {WaitingFor.VENDOR: frozenset(SLA_CLOCKS)} if self.vendor_wait_pauses else {}
        return replace(
            usual,
            goals=GoalTable([*usual.goals.rows, *changed]),
            pausing=MappingProxyType({**usual.pausing, **vendor}),
            offer_timeout=self.offer_timeout,
            consult_timeout=self.consult_timeout,
            close_after=self.close_after,
            skills_wait=self.skills_wait,
            skip_for=self.skip_for,
            idle_grace=self.idle_grace,
        )

    @property
    def first_report_targets(self) -> ReportTargets:
        """What reports measure by until somebody changes it."""
        return ReportTargets(targets=self.report_targets, cost_per_hour=self.cost_per_hour)

    @field_validator("goals")
    @classmethod
    def _known_clocks(cls, goals: dict[str, Promise | None]) -> dict[str, Promise | None]:
        for name in goals:
            _place(name)
        return goals


COST_PER_HOUR: Final[dict[int, float]] = {1: 30.0, 2: 55.0, 3: 90.0}
REPORT_TARGETS: Final[dict[Measure, MeasureTarget]] = {
    Measure.FIRST_CONTACT_RESOLUTION: MeasureTarget(target=0.70, alarm=0.60),
    Measure.ESCALATION: MeasureTarget(target=0.20, alarm=0.30),
    Measure.REOPEN: MeasureTarget(target=0.05, alarm=0.08),
    Measure.TRANSFERS: MeasureTarget(target=0.5, alarm=1.5),
    Measure.SATISFACTION: MeasureTarget(target=0.85, alarm=0.75),
}


def _row(name: str, promise: Promise | None) -> GoalRow:
    clock, priority = _place(name)
    return GoalRow(clock, None if promise is None else promise.goal, priority=priority)


def _place(name: str) -> tuple[str, int]:
    """Clock and priority in a name like `resolution/3`. Raises ValueError for another."""
    clock, _, priority = name.partition("/")
    if clock not in SLA_CLOCKS or priority not in {"1", "2", "3", "4", "5"}:
        raise ValueError(f"{name} is not a clock and a priority, like resolution/3")
    return clock, int(priority)
