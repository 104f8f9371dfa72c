"""The words of bulk writes by `unnest`, and of several writes that travel in one statement."""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import dialect as postgresql

_PARAMETER: Final = re.compile(r"\$(\d+)")


def inserting(table: Table, rows: Sequence[Mapping[str, Any]], tail: str) -> tuple[str, list[list[Any]]]:
    """A statement that inserts rows of one shape, and its parameters, a list for each column. tail: what follows."""
    columns = tuple(rows[0])
    sql = f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM {_unnest(table, columns)} {tail}"  # noqa: S608
    return sql, [[row[column] for row in rows] for column in columns]


@cache
def updating(table: Table, columns: tuple[str, ...], key: str) -> str:
    """A common table expression that writes columns, given as lists, over the rows with the same key."""
    writes = ", ".join(f"{column} = new.{column}" for column in columns if column != key)
    return (
        f"{table.name}_rows AS (UPDATE {table.name} SET {writes} "  # noqa: S608
        f"FROM {_unnest(table, columns)} AS new ({', '.join(columns)}) WHERE {table.name}.{key} = new.{key})"
    )


@cache
def _unnest(table: Table, columns: tuple[str, ...]) -> str:
    dialect = postgresql()  # type: ignore[no-untyped-call]
    types = (table.c[column].type.compile(dialect) for column in columns)
    return "unnest(" + ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(types, 1)) + ")"


@lru_cache(maxsize=1000)
def carrying(sql: str, count: int, writes: tuple[tuple[str, int], ...]) -> str:
    """A statement with writes before it. count: parameters of all; each write's own follow those of the one before."""
    if not writes:
        return sql
    place = count - sum(given for _, given in writes)
    steps = []
    for text, given in writes:
        steps.append(_PARAMETER.sub(partial(_moved, place), text))
        place += given
    return f"WITH {', '.join(steps)} {sql}"


def _moved(by: int, parameter: re.Match[str]) -> str:
    return f"${int(parameter[1]) + by}"
