"""Who may be one person: found in spite of slips and scripts, and never more than proposed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.model import JSON
from connector.people.identity import Identity
from connector.people.matching import MOST_FOR_ONE, PROPOSED_FROM, blocks, proposals, weigh

SINGLE = frozenset({"customer_number"})
KIM = Identity(
    1, "shop:1", "Katarzyna Wiśniewska", "k.wisniewska@example.org", "+48 601 000 001", True,
    place="ul. Długa 12, 00-238 Warszawa",
)  # fmt: skip


def like(**more: JSON) -> Identity:
    bare = {"id": 2, "key": "depot:2", "address": None, "phone": None, "place": None, "verified": False}
    return replace(KIM, **{**bare, **more})


ALIKE = [
    like(name="Wisniewska Katarzyna", phone="601000001"),
    like(name="Katazyna Wisniewska", place="Dluga 12, 00238 Warszawa"),
    like(name="K. Wiśniewska", address="k.wisniewska@mail.example", place="Dluga 12, 00-238"),
    like(name="Катажина Висьневска", phone="+48601000001"),
    like(name="Katarzyna Wisniewska", address="k_wisniewska@work.example"),
    like(name="Katarzyna Kowalska", phone="0048601000001", place="Długa 12, 00-238 Warszawa"),
]


@pytest.mark.parametrize(
    "other", ALIKE, ids=lambda other: f"{other.name} {other.address or other.phone or other.place}"
)
def test_one_person_is_found_again_and_proposed_with_the_reasons(other: Identity) -> None:
    assert blocks(KIM) & blocks(other), "they would never be compared"
    found = weigh(KIM, other, rare=False, single=SINGLE)
    assert found.score >= PROPOSED_FROM and found.why
    assert weigh(other, KIM, rare=False, single=SINGLE).score == found.score


@pytest.mark.parametrize(
    "other",
    [
        like(name="Katarzyna Wiśniewska"),
        like(name="Katarzyna Wiśniewska", phone="+48 777 111 222", place="Krótka 3, 31-007 Kraków"),
        like(name="Pedro Alves", place="ul. Długa 12, 00-238 Warszawa"),
        like(name="Marek Wiśniewski", place="ul. Długa 12, 00-238 Warszawa"),
    ],
)
def test_a_common_name_or_a_house_alone_proposes_nobody(other: Identity) -> None:
    assert weigh(KIM, other, rare=False, single=SINGLE).score < PROPOSED_FROM


def test_a_rare_name_is_a_reason_and_two_customer_numbers_speak_against_it() -> None:
    other = like(name="Katarzyna Wiśniewska")
    assert weigh(KIM, other, rare=True, single=SINGLE).score >= PROPOSED_FROM
    ones = [replace(one, keys=frozenset({f"customer_number:C-{one.id}"})) for one in (KIM, other)]
    assert weigh(*ones, rare=True, single=SINGLE).score < PROPOSED_FROM


def test_the_most_likely_come_first_and_no_more_than_a_person_reads() -> None:
    many = [like(id=number, phone="601000001") for number in range(2, 20)]
    found = proposals(KIM, [*many, replace(KIM, id=99)], frozenset(), SINGLE)
    assert len(found) == MOST_FOR_ONE and found[0].other == 99
    assert proposals(KIM, [KIM], frozenset(), SINGLE) == [], "not oneself"


def test_a_shared_mailbox_finds_nobody_but_whoever_writes_from_it_has_a_name() -> None:
    office = like(name="Katarzyna Wiśniewska", address="info@firm.example", shared=True, phone="601000001")
    boss = like(name="Pedro Alves", address="info@firm.example", shared=True)
    assert not blocks(office) & blocks(boss)
    assert weigh(office, boss, rare=False, single=SINGLE).score < PROPOSED_FROM
    assert weigh(KIM, office, rare=False, single=SINGLE).score >= PROPOSED_FROM


def test_a_family_at_one_address_with_one_phone_and_one_mailbox_is_not_proposed_as_one_person() -> None:
    marek = replace(KIM, id=2, name="Marek Wiśniewski")
    assert weigh(KIM, marek, rare=True, single=SINGLE).score < PROPOSED_FROM


texts = st.text(max_size=30)


@given(st.builds(Identity, st.just(1), st.just("a:1"), texts, texts, texts, st.booleans(), st.just(False), texts))
def test_whatever_people_call_themselves_is_compared_without_harm(one: Identity) -> None:
    assert all(key.startswith("~") for key in blocks(one))
    weigh(one, replace(one, id=2), rare=False, single=SINGLE)
