"""Adding a model from the command line, where its folder is at hand."""

from pathlib import Path

from router.app import desk_of
from router.artefact import read_artefact
from router.models import prove, register
from router.settings import Settings
from shared.db import Database

BY = "command line"


async def add(settings: Settings, folder: Path) -> tuple[str, bool]:
    """Keep a model as a candidate: its version, and whether it is new. Raises ArtefactDamaged, Unfit."""
    artefact = read_artefact(folder)
    prove(artefact, desk_of(settings))
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            kept, new = await register(tx, artefact, BY)
    finally:
        await db.close()
    return kept.version, new
