"""Tells customers, client applications and staff what happened."""
