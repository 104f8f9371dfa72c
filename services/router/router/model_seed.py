"""Adding a model from the command line, where its folder is at hand."""

from pathlib import Path

from router.app import desk_of, first_policy
from router.artefact import read_artefact
from router.models import prove, register
from router.policies import Policies
from router.settings import Settings
from shared.db import Database

BY = "command line"


async def add(settings: Settings, folder: Path) -> tuple[str, bool]:
    """Keep a model as a candidate: its version, and whether it is new. Raises ArtefactDamaged, Unfit."""
    artefact, desk = read_artefact(folder), desk_of(settings)
    db = Database(settings)
    try:
        await Policies(db, desk, first_policy(settings), settings.policies_look).refresh()
        prove(artefact, desk)
        async with db.transaction() as tx:
            kept, new = await register(tx, artefact, BY)
    finally:
        await db.close()
    return kept.version, new
