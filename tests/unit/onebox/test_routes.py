"""The route table sends each path to the process that owns it."""

import pytest

from onebox.routes import routes, upstreams_of

ONE_EACH = routes(("1", "2", "3"))


@pytest.mark.parametrize(
    ("path", "processes"),
    [
        ("/intake/issues", ("intake",)),
        ("/router/dry-run", ("router",)),
        ("/vendor-bridge/callbacks/acme", ("vendor-bridge",)),
        ("/notifications/stream", ("notifications",)),
        ("/tier-queues/tiers/2/issues", ("tier-queues-2",)),
        ("/tier-queues/tiers/9/issues", ("tier-queues-1",)),
        ("/tier-queues/issues/0197", ("tier-queues-1", "tier-queues-2", "tier-queues-3")),
        ("/", ("intake",)),
        ("/intakes", ("intake",)),
    ],
)
def test_a_path_goes_to_the_processes_that_may_answer_it(path: str, processes: tuple[str, ...]) -> None:
    assert upstreams_of(path, ONE_EACH) == processes


def test_tiers_that_share_a_process_share_its_routes() -> None:
    table = routes(("1", "2,3"))
    assert upstreams_of("/tier-queues/tiers/1/claim-next", table) == ("tier-queues-1",)
    assert upstreams_of("/tier-queues/tiers/3/claim-next", table) == ("tier-queues-2-3",)
