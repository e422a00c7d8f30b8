"""Where the time of a sync goes, by room of ours and by library. Called by `run --where`.

The profiler makes Python code look slower beside C code than it is: read shares, and no seconds.
"""

from __future__ import annotations

import pstats
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROFILED = "import cProfile, sys, cli; sys.argv[:2] = ['amends']; cProfile.run('cli.main()', {target!r})"
Function = tuple[str, int, str]


def command(arguments: list[str], target: Path) -> list[str]:
    """Arguments for Python that run `amends` with `arguments` and leave a profile in `target`."""
    return ["-c", PROFILED.format(target=str(target)), "-", *arguments]


def told(profile: Path, root: Path) -> str:
    """Shares by place, by function, and by function of ours with all that it calls; one part in a hundred or more."""
    # pstats keeps what we need in an attribute that its type stubs do not mention.
    stats: dict[Function, Any] = pstats.Stats(str(profile)).stats  # type: ignore[attr-defined]
    places: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    with_callees: Counter[str] = Counter()
    for function, (_, _, own, whole, callers) in stats.items():
        functions[f"{_place(function, root)}: {function[2]}"] += own
        if Path(function[0]).is_relative_to(root) and "site-packages" not in function[0]:
            with_callees[f"{_place(function, root)}: {function[2]}"] += whole
        for place, seconds in _owners(function, own, callers, root):
            places[place] += seconds  # type: ignore[assignment]
    everything = sum(places.values())
    tables = {"by place": places, "by function": functions, "with what it calls": with_callees}
    return "\n".join(f"{title}\n{_shares(spent, everything)}" for title, spent in tables.items())


def _shares(spent: Counter[str], whole: float) -> str:
    return "".join(f"{one / whole:6.1%}  {name}\n" for name, one in spent.most_common() if one >= 0.01 * whole)


def _owners(function: Function, own: float, callers: dict[Function, Any], root: Path) -> Iterator[tuple[str, float]]:
    """What C code took belongs to the Python functions that called it."""
    if function[0] != "~" or not callers:
        yield _place(function, root), own
    else:
        yield from ((_place(caller, root), seconds) for caller, (_, _, seconds, _) in callers.items())


def _place(function: Function, root: Path) -> str:
    path = Path(function[0])
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    if path.is_relative_to(root):
        return "/".join(path.relative_to(root).parts[:2]).removesuffix(".py")
    return f"Python's {path.stem}" if path.suffix else "Python"
