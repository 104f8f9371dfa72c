"""Decides the whole ladder of tiers for each issue, with its reasons."""
