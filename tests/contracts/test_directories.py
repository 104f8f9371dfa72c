"""Every service puts a directory entry under the same key, so that only newer snapshots of it replace it."""

import pytest

from intake import seed
from intake.seed import ClientApplication
from intake.settings import Settings as IntakeSettings
from shared.contracts import EXAMPLES
from shared.events import FACTS, decode
from shared.events.directory import Entry
from shared.ids import new_id
from shared.service import Service
from shared.vocabulary import Role
from support.operations import TARGET
from support.queue_service import PASSWORD
from support.running import rows
from support.whole import Whole
from tier_queues import seed as queue_seed
from tier_queues.seed import FirstAgent
from tier_queues.session_api import SESSION_COOKIE
from tier_queues.settings import Settings as TierQueuesSettings
from vendor_bridge import vendors
from vendor_bridge.settings import Settings as VendorBridgeSettings
from vendor_bridge.vendors import Contract

ENTRIES = sorted(type_ for type_, fact in FACTS.items() if issubclass(fact, Entry))


@pytest.mark.parametrize("type_", ENTRIES)
def test_the_example_of_an_entry_is_about_its_key(type_: str) -> None:
    event = decode(type_, (EXAMPLES / f"{type_}.json").read_bytes())
    assert event.subject == event.data.key == f"{event.data.KIND}:{event.data.entity}"


async def test_a_client_application_is_published_under_its_key(whole: Whole) -> None:
    service, entity = whole.services["intake"], f"shop-{new_id()}"
    settings = service.db.settings
    assert isinstance(settings, IntakeSettings)
    await seed.add_client_application(service.db, settings, ClientApplication(id=entity, name="Shop"))
    assert await counted(service, f"client-application:{entity}") == 1


async def test_agents_and_teams_are_published_under_their_keys_when_they_change(whole: Whole) -> None:
    service, agent, team = whole.services["tier-queues"], f"a{new_id().hex}", f"t{new_id().hex}"
    settings = service.db.settings
    assert isinstance(settings, TierQueuesSettings)
    await queue_seed.add_team(settings, team, (1,))
    await queue_seed.add_agents(settings, [FirstAgent(agent, "Ada", Role.AGENT, (1,), (team,))])
    await queue_seed.add_team(settings, team, (1, 2))
    assert [await counted(service, key) for key in (f"agent:{agent}", f"team:{team}")] == [1, 2]
    await queue_seed.told_again(settings)
    assert [await counted(service, key) for key in (f"agent:{agent}", f"team:{team}")] == [2, 3]


async def test_a_vendor_is_published_under_its_key(whole: Whole) -> None:
    service, entity = whole.services["vendor-bridge"], f"v{new_id().hex}"
    settings = service.db.settings
    assert isinstance(settings, VendorBridgeSettings)
    contract = Contract("Acme Cloud", TARGET, (), frozenset(), {}, active=True)
    async with service.db.transaction() as tx:
        await vendors.register(tx, entity, contract, settings)
    assert await counted(service, f"vendor:{entity}") == 1


async def test_a_revoked_session_is_published_under_its_key(whole: Whole) -> None:
    signed_in = await whole.client.post("/tier-queues/session", json={"agent": "lead", "password": PASSWORD})
    session = signed_in.cookies[SESSION_COOKIE].partition(".")[0]
    whole.client.cookies.clear()
    headers = {"authorization": f"Bearer {signed_in.json()['token']}"}
    assert (await whole.client.delete("/tier-queues/session", headers=headers)).status_code == 204
    assert await counted(whole.services["tier-queues"], f"revoked-session:{session}") == 1


async def counted(service: Service, key: str) -> int:
    """How many events a service has published under a key."""
    found = await rows(service.db, "SELECT seq FROM outbox_sequence WHERE key = $1", key)
    return sum(seq for (seq,) in found)
