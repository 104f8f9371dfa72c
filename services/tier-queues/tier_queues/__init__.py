"""Owns the life of an issue: queues, claims, handover, clocks, and the agents who work it."""
