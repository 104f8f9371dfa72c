"""A client of Tierdesk: for agents' tools and for applications that post issues."""

from tierdesk_client.agent import Agent, sign_in
from tierdesk_client.application import Accepted, Application
from tierdesk_client.connection import Answer, Connection, connected, good
from tierdesk_client.issue import Issue
from tierdesk_client.refusals import NoAnswer, Refused
from tierdesk_client.webhooks import NotGenuine, verify

__all__ = [
    "Accepted",
    "Agent",
    "Answer",
    "Application",
    "Connection",
    "Issue",
    "NoAnswer",
    "NotGenuine",
    "Refused",
    "connected",
    "good",
    "sign_in",
    "verify",
]
