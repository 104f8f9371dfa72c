"""What fields hold in the examples of the OpenAPI document: `field`, or `Schema.field`."""

from typing import Any, Final

EXAMPLES: Final[dict[str, Any]] = {
    "author": "Ada",
    "category": "import_export",
    "Category.title": "data import/export",
    "changed_by": "Ada",
    "compared_with": "3",
    "confirmed": "import_export",
    "decided": "import_export",
    "folder": "2026-11",
    "model_version": "1f0c9a7b3d5e2468",
    "name": "security",
    "note": "Exports go to Tier 2.",
    "policy_row": "import_export: Tier 2",
    "reason": "21 % of the evidence",
    "redirect": None,
    "rule": "security",
    "sentences": ["Tier 2 because *csv* and *export* point to data import/export, 93 %; no rule fired."],
    "team": "technical",
    "text": "Since this morning the export to CSV stops at 80 % with an error.",
    "WordWeight.text": "export",
    "threshold": 0.6,
    "redirect_threshold": 0.9,
    "title": "CSV export fails",
    "topic": "support.issues",
    "zone": "Europe/Berlin",
}
