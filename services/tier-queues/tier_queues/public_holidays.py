"""The public holidays of countries, as the library `holidays` knows them. Slow at first use: ask it in a thread."""

from collections.abc import Iterable
from datetime import date


class UnknownCountry(LookupError):
    """There is no such country or subdivision."""


def public_holidays(country: str, subdivision: str | None, years: Iterable[int]) -> frozenset[date]:
    """The public holidays of these years. Raises UnknownCountry."""
    # Loading the countries takes a quarter of a second, which only who puts a policy in force has to wait for.
    from holidays import country_holidays

    try:
        return frozenset(country_holidays(country, subdiv=subdivision, years=years))
    except NotImplementedError as error:
        raise UnknownCountry(str(error)) from error
