"""`demo`: the main job from end to end on real parts, and an audit of everything that was accepted."""

import asyncio
import secrets
import sys
from contextlib import nullcontext
from pathlib import Path


def run(*, issues: int, data: Path | None = None, url: str | None = None, as_json: bool = False) -> int:
    """Post so many issues, bring each to its end and audit them. Exit status: 1 when something is wrong."""
    from rich.console import Console

    from onebox.demo.issues import NoTexts, drafts
    from onebox.demo.place import NoPlace, elsewhere, here
    from onebox.demo.play import play
    from onebox.demo.vendors import VendorDown, VendorTaken
    from tierdesk_client import NoAnswer, Refused

    console = Console(stderr=True)
    name = secrets.token_hex(4)
    try:
        written = drafts(issues, run=name, data=data)
        with nullcontext(elsewhere(url)) if url else here() as place:
            outcome = asyncio.run(play(place, written, run=name, console=console))
    except (NoPlace, NoTexts, NoAnswer, Refused, VendorTaken, VendorDown) as failure:
        console.print(f"[bold red]The demo could not be played.[/] {failure}")
        return 1
    outcome.show(console)
    if as_json:
        print(outcome.as_json(), file=sys.stdout, flush=True)
    return 0 if outcome.holds else 1
