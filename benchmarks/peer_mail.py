"""Reply texts as another library cuts them: runs inside that library's own environment. Called by `mail`.

    python peer_mail.py LIBRARY < texts.jsonl

Each line of the standard input is a JSON string, a decoded body; each line printed is {"text": …, "ms": …}.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def cutter(library: str) -> Callable[[str], str]:
    if library == "talon":
        from talon import quotations

        return lambda text: str(quotations.extract_from_plain(text))
    if library == "quotequail":
        import quotequail

        def unwrapped(text: str) -> str:
            found: dict[str, Any] | None = quotequail.unwrap(text)
            return text if found is None else str(found.get("text_top") or found.get("text") or "")

        return unwrapped
    if library == "zapier":
        from email_reply_parser import EmailReplyParser

        return lambda text: str(EmailReplyParser.parse_reply(text))
    from mailparser_reply import EmailReplyParser as Parser

    languages = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "da", "sv", "cs", "ja", "ko"]
    return lambda text: str(Parser(languages=languages).parse_reply(text=text) or "")


def main() -> None:
    cut = cutter(sys.argv[1])
    for line in sys.stdin:
        text = json.loads(line)
        start = time.perf_counter()
        try:
            found = cut(text)
        except Exception as error:  # noqa: BLE001 - a peer that raises is a result, too
            found = f"raised {type(error).__name__}"
        print(json.dumps({"text": found, "ms": (time.perf_counter() - start) * 1000}))


if __name__ == "__main__":
    main()
