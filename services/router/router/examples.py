"""What fields hold in the examples of the OpenAPI document: `field`, or `Schema.field`; and a policy in YAML."""

from typing import Any, Final

EXAMPLES: Final[dict[str, Any]] = {
    "author": "Ada",
    "category": "import_export",
    "Category.title": "data import/export",
    "changed_by": "Ada",
    "compared_with": "policy 3",
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

POLICY: Final = """\
version: 2
author: Ada
note: Exports go to Tier 2.
threshold: 0.6
redirect_threshold: 0.75
smoothing: 1
weights: {under: 3, over: 1}
impact: medium
urgency: medium
ladder:
  - {tier: 1, team: frontline}
  - {tier: 2, team: technical}
  - {tier: 3, team: experts}
  - {tier: 4, team: vendors, vendor: acme-cloud, watching_tier: 2}
rules:
  - {name: security, floor: 2, urgency: high, when: [{words: [hacked, phishing]}]}
entitlements: []
categories:
  import_export: {title: data import/export, tier: 2, keywords: {4: [csv, export]}}
"""
