"""What an issue asks of whoever takes it, and what an agent can do."""

from collections.abc import Collection, Mapping, Sequence


def words(skills: Mapping[str, int]) -> list[str]:
    """Every way to ask for what an agent can do: `german`, and `german:2` for at least level 2.

    skills: name to level, 1 and more.
    """
    return [*skills, *(f"{name}:{level}" for name, best in skills.items() for level in range(1, best + 1))]


def missing(asked: Sequence[str], skills: Mapping[str, int]) -> list[str]:
    """What of an issue's skills an agent lacks, in the issue's order."""
    if not asked:
        return []
    able: Collection[str] = set(words(skills))
    return [skill for skill in asked if skill not in able]
