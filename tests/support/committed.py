"""Files as the last commit has them, so that a test can tell what a change does to a promise already given."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def committed(file: Path) -> str:
    """The file's text in the last commit; where it is new, or this is no repository, the text it has now."""
    place = file.resolve().relative_to(ROOT).as_posix()
    shown = subprocess.run(["git", "show", f"HEAD:{place}"], cwd=ROOT, capture_output=True, check=False)
    return shown.stdout.decode() if shown.returncode == 0 else file.read_text(encoding="utf-8")
