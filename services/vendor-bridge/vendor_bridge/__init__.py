"""Works Tier 4: cases with vendors, delivered and answered over HTTP."""
