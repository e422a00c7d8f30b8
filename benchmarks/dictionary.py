"""Make the dictionary with which the store packs raw records. Run by hand: python -m benchmarks.dictionary

A dictionary holds what records of helpdesks have in common: names of members, their order, the vendors' own words. It
is learnt from synthetic records in which every text, name, number and address is noise, so that no word of anybody's is
in it, and none of the texts that `run` measures with. A new one needs a new NUMBER and a new file; the old file stays,
because what was packed with it names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from string import ascii_lowercase, digits
from typing import Any

import msgspec
import zstandard

from benchmarks import jira_issues, tickets

NUMBER = 40_001
TARGET = Path(__file__).resolve().parents[1] / "connector" / "store" / f"records-{NUMBER}.zdict"
BYTES = 8 << 10
SAMPLES = 1_000
# Members whose texts are people's own; all other texts are the vendor's, but for what stands in an address.
OF_PEOPLE = frozenset({"subject", "raw_subject", "description", "name", "email", "emailAddress", "displayName", "text"})
OF_PEOPLE |= frozenset({"summary", "tags", "labels", "value", "external_id", "encoded_id", "address", "accountId"})
OF_PEOPLE |= frozenset({"fromString", "toString", "from", "to", "phone", "key"})
_PLACE = re.compile(r"(?<=//)[^/.]+|(?<=[=/:-])[0-9a-f]{3,}|\d+")


def main() -> None:
    random = Random(1)
    samples: list[bytes | bytearray | memoryview[int]] = [
        msgspec.json.encode(_noisy(record, random, "")) for record in _records()
    ]
    made = zstandard.train_dictionary(BYTES, samples, dict_id=NUMBER, level=1)
    TARGET.write_bytes(made.as_bytes())
    print(f"{TARGET.name}: {len(made)} bytes from {len(samples)} records of {sum(map(len, samples)) // len(samples)}")


def _records() -> Iterator[dict[str, Any]]:
    customers, _ = tickets.people(SAMPLES)
    shown = ("id", "name", "email", "phone", "verified", "locale", "time_zone", "iana_time_zone", "role")
    for one, person in zip(tickets.items(SAMPLES), customers * 6, strict=False):
        yield {
            "ticket": {**one.ticket, "metric_set": one.metric_set},
            "requester": {name: person[name] for name in shown},
        }
    for issue in jira_issues.items(SAMPLES // 2):
        told = {"expand": "", "id": str(issue.ident), "self": f"{jira_issues.API}/issue/{issue.ident}", "key": "A-1"}
        yield {
            "issue": {**told, "fields": msgspec.json.decode(issue.fields)},
            "changelog": msgspec.json.decode(issue.histories),
            "site": {"url": jira_issues.SITE},
        }


def _noisy(value: Any, random: Random, member: str) -> Any:
    """The same shape with nothing said in it."""
    if isinstance(value, dict):
        return {_member(name, random): _noisy(inner, random, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_noisy(inner, random, member) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int("".join(_digit(random) for _ in str(value)))
    return _letters(value, random) if member in OF_PEOPLE else _PLACE.sub(_mixed(random), str(value))


def _member(name: str, random: Random) -> str:
    return f"customfield_{random.randrange(10**5)}" if name.startswith("customfield_") else name


def _digit(random: Random) -> str:
    return random.choice(digits[1:])


def _letters(text: str, random: Random) -> str:
    return "".join(random.choice(ascii_lowercase) if letter.isalnum() else letter for letter in text)


def _mixed(random: Random) -> Callable[[re.Match[str]], str]:
    return lambda found: "".join(_digit(random) if one.isdigit() else random.choice("abcdef") for one in found[0])


if __name__ == "__main__":
    main()
