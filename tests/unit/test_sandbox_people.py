"""What people do in the sandbox leaves the traces that Zendesk leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.clock import SandboxClock
from sandbox.zendesk import Account, content
from sandbox.zendesk.account import BLOCK

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def account() -> Account:
    account = Account(SandboxClock(START, scale=0))
    account.customer_opens("Late", "Where is it?")
    return account


def test_a_customer_reopens_a_solved_ticket_by_writing(account: Account) -> None:
    account.agent_replies(1, "Here it is.", status="solved")
    account.customer_writes(1, "No, it is not.")
    assert account.ticket(1).body["status"] == "open"
    assert [one["body"] for one in account.ticket(1).comments()] == ["Where is it?", "Here it is.", "No, it is not."]


def test_writing_to_a_closed_ticket_opens_a_follow_up(account: Account) -> None:
    account.close(1)
    follow_up = account.customer_writes(1, "Still broken.")
    assert follow_up == 2
    assert account.ticket(1).body["followup_ids"] == [2]


def test_an_agent_who_answers_takes_the_ticket(account: Account) -> None:
    account.agent_replies(1, "On it.", by=content.BEN)
    assert (account.ticket(1).body["assignee_id"], account.ticket(1).body["status"]) == (content.BEN, "open")


def test_a_note_is_private_and_takes_nothing(account: Account) -> None:
    account.agent_notes(1, "Hm.")
    assert account.ticket(1).comments()[-1]["public"] is False
    assert account.ticket(1).body["status"] == "new"


def test_a_merged_ticket_is_closed_tagged_and_both_say_so(account: Account) -> None:
    account.customer_opens("Late again", "Hello?")
    account.merge(2, 1)
    loser = account.ticket(2).body
    assert (loser["status"], loser["tags"]) == ("closed", ["closed_by_merge"])
    assert "#2" in account.ticket(1).comments()[-1]["body"]
    assert account.ticket(2).comments()[-1]["via"]["source"]["rel"] == "merge"


def test_redaction_blanks_the_words_everywhere_and_is_an_event(account: Account) -> None:
    account.customer_opens("Card 1234", "My card is 1234.")
    account.redact(2, "1234")
    assert account.ticket(2).body["description"] == f"My card is {BLOCK * 4}."
    assert account.ticket(2).comments()[0]["body"] == f"My card is {BLOCK * 4}."
    assert account.ticket(2).audits[-1]["events"][0]["type"] == "CommentRedactionEvent"


def test_scrubbing_leaves_the_row_without_its_words(account: Account) -> None:
    account.delete(1)
    account.scrub(1)
    assert account.ticket(1).body["description"] == "SCRUBBED"
    assert account.ticket(1).body["status"] == "deleted"


def test_a_dropdowns_option_stands_in_the_tags_and_goes_with_it(account: Account) -> None:
    account.agent_sets(1, fields={content.PRODUCT: "prod_lamp"}, add_tags=["vip"])
    assert account.ticket(1).body["tags"] == ["prod_lamp", "vip"]
    account.agent_sets(1, fields={content.PRODUCT: "prod_kettle"})
    assert account.ticket(1).body["tags"] == ["prod_kettle", "vip"]


def test_a_tickets_own_history_does_not_run_backwards(account: Account) -> None:
    account.clock.advance(600)  # type: ignore[attr-defined]
    account.agent_notes(1, "later")
    with account.at(START):
        account.agent_notes(1, "told late")
    assert [one["created_at"] for one in account.ticket(1).audits][-1] == "2026-03-02T09:10:00Z"


def test_what_people_do_is_not_in_the_ledger_of_api_writes(account: Account) -> None:
    account.agent_replies(1, "On it.")
    account.rate(1, "bad", "Slow.")
    assert len(account.ledger) == 0
    assert account.ticket(1).body["satisfaction_rating"]["score"] == "bad"


def test_an_admin_removes_retypes_and_adds(account: Account) -> None:
    account.agent_sets(1, fields={content.ORDER_NUMBER: "A-1", content.REASON: "x"})
    account.admin_removes_field(content.ORDER_NUMBER)
    assert content.ORDER_NUMBER not in {one["id"] for one in account.ticket(1).body["custom_fields"]}
    account.admin_retypes_field(content.REASON, "tagger", [("late", "Late")])
    field = next(one for one in account.fields if one["id"] == content.REASON)
    assert [one["value"] for one in field["custom_field_options"]] == ["late"]
    account.agent_sets(1, custom_status=account.admin_adds_status("Waiting for the moon", "hold"))
    assert account.ticket(1).body["status"] == "hold"


def test_suspended_mail_is_no_ticket(account: Account) -> None:
    account.suspend("Offer", "Buy!", "spam@example.org")
    assert len(account.tickets) == 1
    assert account.suspended[0]["cause"] == "Detected as spam"
