"""`python -m notifications`: run it, or migrate its database."""

from notifications.app import build
from notifications.settings import Settings
from shared.command_line import commands

program = commands(Settings, build, about=__doc__)

if __name__ == "__main__":
    program()
