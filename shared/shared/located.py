"""YAML into a checked value, with the line of whatever is wrong. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

DEPTH_LIMIT: Final = 30
"""Levels of lists and mappings in each other."""

Path = tuple[str | int, ...]
"""Keys and places from the top of the file to a value."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a place of the file."""

    path: Path
    what: str


class WrongFile(ValueError):
    """The file cannot be used. The message names file, line and place of the first fault."""

    def __init__(self, file: str, line: int, what: str) -> None:
        super().__init__(f"{file}:{line}: {what}")
        self.line = line
        self.what = what


Parsed = TypeVar("Parsed", bound=BaseModel)


def located(text: str, file: str, model: type[Parsed], check: Callable[[Parsed], Iterable[Fault]]) -> Parsed:
    """The value in a YAML text. check: what is wrong although the model accepts it. Raises WrongFile."""
    top = _composed(text, file)
    try:
        value = model.model_validate(yaml.SafeLoader("").construct_document(top))
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{_place(first['loc'])}: {first['msg'].removeprefix('Value error, ')}"
        raise WrongFile(file, _line(top, first["loc"]), what) from error
    except yaml.MarkedYAMLError as error:
        raise _marked(file, error) from error
    except (ValueError, OverflowError) as error:
        # A date that is none, a number of thousands of digits: the reader of YAML says no line.
        raise WrongFile(file, 1, f"holds a value that cannot be read: {error}"[:200]) from error
    for fault in check(value):
        raise WrongFile(file, _line(top, fault.path), f"{_place(fault.path)}: {fault.what}")
    return value


def _composed(text: str, file: str) -> yaml.Node:
    try:
        _refuse_bombs(text, file)
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except WrongFile:
        raise
    except yaml.MarkedYAMLError as error:
        raise _marked(file, error) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # A character that no one knows, escaped: the reader of YAML says no line.
        raise WrongFile(file, 1, str(error)) from error
    if not isinstance(top, yaml.MappingNode):
        raise WrongFile(file, 1, "the file must hold keys and values")
    _refuse_repeated_keys(top, file)
    return top


def _refuse_bombs(text: str, file: str) -> None:
    """A short text must not become a huge value, nor exhaust the stack of whoever walks through it."""
    depth = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        line = token.start_mark.line + 1
        if isinstance(token, yaml.AliasToken):
            raise WrongFile(file, line, "aliases are not allowed: say it again")
        depth += isinstance(token, _OPENS) - isinstance(token, _CLOSES)
        if depth > DEPTH_LIMIT:
            raise WrongFile(file, line, f"nested deeper than {DEPTH_LIMIT} levels")


_OPENS: Final = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_CLOSES: Final = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


def _marked(file: str, error: yaml.MarkedYAMLError) -> WrongFile:
    mark = error.problem_mark or error.context_mark
    return WrongFile(file, mark.line + 1 if mark else 1, str(error.problem or error))


def _refuse_repeated_keys(node: yaml.Node, file: str) -> None:
    """YAML lets the last of two equal keys win in silence; a file must not lose a line like that."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise WrongFile(file, key.start_mark.line + 1, "a key must be one word or number")
            if key.value in seen:
                raise WrongFile(file, key.start_mark.line + 1, f"{key.value} is given twice")
            seen.add(key.value)
            _refuse_repeated_keys(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(value, file)


def _line(top: yaml.Node, path: Path) -> int:
    """The line of the deepest place that the path reaches: what is missing is reported where it should be."""
    node, line = top, top.start_mark.line
    for step in path:
        match node:
            case yaml.MappingNode():
                pair = next((pair for pair in node.value if pair[0].value == str(step)), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line, pair[1]
            case yaml.SequenceNode() if isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
            case _:
                break
    return line + 1


def _place(path: Path) -> str:
    return ".".join(str(step) for step in path) or "the file"
