"""The demo's folder of settings: what `amends init` would write, set to live. It stays, to be looked into later."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from connector.errors import AmendsError
from connector.settings import Answers, starting_files
from sandbox.jira import content as jira
from sandbox.zendesk import content

SOURCE, WORKS, INBOX = "shop", "works", "inbox"
MAILBOX = "support@shop.example"
CLOCK = "demo-clock"
# What an admin of the imaginary shop has added to the shipped mapping: the fields of its own.
FIELDS = {
    "  # product: custom:360000000001": f"  product: custom:{content.PRODUCT}",
    "  # order_number: custom:360000000002": f"  order_number: custom:{content.ORDER_NUMBER}",
}

WORKS_FIELDS = {
    "  # extra.request_type: request_type": "  extra.request_type: request_type",
    "  # order_number: customfield_10043": f"  order_number: {jira.ORDER_NUMBER}",
}
WORKS_SOURCE = """
  {name}:
    adapter: jira
    poll: 30s
    options:
      url: "{url}"
      auth: api_token
      email: {email}
      projects: [{care}, {ops}]
      service_desk: true
    secrets:
      api_token: "file:{token}"
    modes:    # shadow only writes down what would be sent; then approve, then live
      escalate: live
      tag: live
      survey: live
      correct: live
      link: live
"""
INBOX_SOURCE = """
  {name}:
    adapter: imap
    poll: 30s
    options:
      host: 127.0.0.1
      port: {imap}
      user: {user}
      ca_file: {authority}    # the sandbox's own authority; certificates are always checked
      done_folders: [Done]
      sent_folder: Sent
      saves_sent: true    # the sandbox's relay keeps what it sends there, as Microsoft's and Google's do
      trusted_hosts: [{border}]
      smtp: {{host: 127.0.0.1, port: {smtp}, tls: starttls, ca_file: {authority}}}
      from_address: {user}
      from_name: The Shop
      notify_to: [{team}]
      survey_url: "https://shop.example/survey/{{token}}"
    secrets:
      password: {password}
      reply_keys: {keys}
    modes:    # shadow only writes down what would be sent; then approve, then live
      escalate: live
      tag: live
      survey: live
      link: live
"""
# Who has to come back did so for a reason that lies with us: operations get a ticket, and the complaint is told.
CORRECTIONS = """
corrections:
  - id: remove-the-cause
    at: {name}
    on: repeat
    fields: {{project: {ops}, issuetype: Corrective Action}}
    tags: [from-complaint]
  - id: common-cause    # many have the same reason: one ticket for all of them
    at: {name}
    on: trend
    fields: {{project: {ops}, issuetype: Corrective Action}}
    tags: [from-trend]
    owner: Carla Reis
    due: 14d
"""

# Who is told outside the helpdesk, and in which order; at the demo's pager.
CONTACTS = {
    "lena": ("lead", "Lena Frei", "en"),
    "max": ("manager", "Max Lang", "de"),
    "nora": ("emergency", "Nora", "pt"),
}
LADDERS = """
ladders:
  usual:
    steps:
      - tell: [lead]
      - {after: 4h, tell: [manager]}
    again: 8h
    most: 1
  at-once:
    at_any_hour: true
    steps:
      - tell: [emergency]
      - {after: 2h, tell: [manager]}
    most: 1
"""
LADDER_OF = {"emergency": "at-once", "overdue": "usual"}


# By the number of an order the shop knows whose it is, at whichever helpdesk it is named.
PEOPLE = """\
numbers:
  order: {from: [order_number]}
"""
# What has to do with money is under a regulator's eye.
REGULATIONS = """
regulations:
  - profile: uk-disp
    owner: Carla Reis, complaints officer
    when: category == "payment"
"""


SURVEYS = "  unhappy:\n"
PAGE = """  page:
    url: https://feedback.the-shop.example
    house: The Shop
"""


def clear(home: Path) -> None:
    """Make room, if there is nothing but a former demo. Raises AmendsError where there is something else."""
    if home.exists():
        if any(home.iterdir()) and not (home / CLOCK).exists():
            raise AmendsError(f"{home} is not a former demo.", remedy="Name an empty folder with --home.")
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / CLOCK).touch()
    (home / ".gitignore").write_text("*\n")


def settle_in(
    home: Path,
    url: str,
    works_url: str | None = None,
    post: Mapping[str, int | str] | None = None,
    pager_url: str | None = None,
) -> None:
    """Write the settings for the sandboxes: Zendesk at `url`, Jira (if there is one) at `works_url`, the mailbox (if
    there is one) whose state `post` tells, and people who are told at `pager_url`."""
    secrets = {
        name: f"file:{_secret(home, name, value)}"
        for name, value in (("client_id", content.CLIENT_ID), ("client_secret", content.CLIENT_SECRET))
    }
    answers = Answers(SOURCE, {"url": url}, secrets, "Europe/London")
    files = {name: _live(name, text) for name, text in starting_files("zendesk", answers).items()}
    files["sla.yaml"] += REGULATIONS
    files["people.yaml"] = files["people.yaml"].replace("numbers: {}\n", PEOPLE)
    if works_url is not None:
        files["mappings/jira.yaml"] = starting_files("jira", answers)["mappings/jira.yaml"]
        files = {name: _with_works(name, text, home, works_url) for name, text in files.items()}
    if post is not None:
        files["mappings/imap.yaml"] = starting_files("imap", answers)["mappings/imap.yaml"]
        files["amends.yaml"] = _with_inbox(files["amends.yaml"], home, post)
    if pager_url is not None:
        files["policy.yaml"] = _with_ladders(files["policy.yaml"])
        files["contacts.yaml"] = _contacts(home, pager_url)
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _secret(home: Path, name: str, value: str) -> Path:
    file = home / name
    file.touch(mode=0o600)
    file.write_text(value)
    return file


def _live(name: str, text: str) -> str:
    if name == "amends.yaml":
        return text.replace(": shadow\n", ": live\n").replace("poll: 60s", "poll: 30s")
    if name == "mappings/zendesk.yaml":
        return _replaced(text, FIELDS)
    return _replaced(text, {SURVEYS: PAGE + SURVEYS}) if name == "policy.yaml" else text


def _with_works(name: str, text: str, home: Path, url: str) -> str:
    if name == "amends.yaml":
        token = _secret(home, "api_token", jira.API_TOKEN)
        works = WORKS_SOURCE.format(name=WORKS, url=url, email=jira.EMAIL, care=jira.CARE, ops=jira.OPS, token=token)
        return f"{text.rstrip()}\n{works}"
    if name == "policy.yaml":
        return text + CORRECTIONS.format(name=WORKS, ops=jira.OPS)
    return _replaced(text, WORKS_FIELDS) if name == "mappings/jira.yaml" else text


def _with_inbox(text: str, home: Path, post: Mapping[str, int | str]) -> str:
    password = _secret(home, "inbox_password", str(post["password"]))
    keys = _secret(home, "reply_keys", f"k1:{token_hex(16)}")
    inbox = INBOX_SOURCE.format(
        name=INBOX,
        imap=post["imap"],
        smtp=post["smtp"],
        user=MAILBOX,
        border=post["border"],
        team=post["team"],
        authority=json.dumps(post["authority"]),
        password=json.dumps(f"file:{password}"),
        keys=json.dumps(f"file:{keys}"),
    )
    return f"{text.rstrip()}\n{inbox}"


def _with_ladders(text: str) -> str:
    for rule, ladder in LADDER_OF.items():
        head, found, rest = text.partition(f"  - id: {rule}")
        line, _, rest = rest.partition("\n")
        text = f"{head}{found}{line}\n    ladder: {ladder}\n{rest}"
    return text + LADDERS


def _contacts(home: Path, url: str) -> str:
    lines = ["mode: live", "for_customers: {en: 'Telephone: 020 7946 0000'}", "contacts:"]
    for who, (role, name, language) in CONTACTS.items():
        address = _secret(home, f"tell_{who}", f"{url.replace('http://', 'json://')}/{who}")
        lines += [f"  {who}:", f"    role: {role}", f"    name: {name}", f"    languages: [{language}]"]
        lines += [f"    reach: [{json.dumps(f'file:{address}')}]"]
    return "\n".join(lines) + "\n"


def _replaced(text: str, lines: dict[str, str]) -> str:
    for shipped, own in lines.items():
        text = text.replace(shipped, own)
    return text


def stop_clock(home: Path, at: datetime) -> None:
    """Let time stand still in this folder, so that looking into it later shows what was shown."""
    (home / CLOCK).write_text(f"{at.isoformat()}@0x0\n")
