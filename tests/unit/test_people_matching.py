"""Who may be one person: found in spite of slips and scripts, and never more than proposed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.model import JSON
from connector.people.identity import Identity
from connector.people.matching import (
    MOST_COMPARED,
    MOST_FOR_ONE,
    MOST_OF_ONE_BLOCK,
    PROPOSED_FROM,
    blocks,
    full_names,
    near,
    proposals,
    weigh,
)

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
WRITTEN_APART = ("赵丽华", "Zhao LiHua", "Lihua, Zhao", "Li Hua Zhao")


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


def test_a_name_is_found_however_its_syllables_are_written_apart() -> None:
    found = [blocks(like(name=name)) for name in WRITTEN_APART]
    assert frozenset.intersection(*found)
    assert not found[0] & blocks(like(name="赵小明"))


def test_families_in_chinese_characters_are_told_by_what_follows_the_last_name() -> None:
    one, other = (like(name=name, phone="+8613800000001") for name in ("王伟", "王丽华"))
    assert weigh(one, other, rare=False, single=SINGLE).score < PROPOSED_FROM


@pytest.mark.parametrize(
    "name", ["Taro Yamada", "やまだ たろう", "ヤマダタロウ", "山田太郎", "Yamada Taro (山田 太郎)"]
)
def test_a_name_that_brings_its_reading_along_is_found_by_either(name: str) -> None:
    one = replace(KIM, name="山田 太郎 (Yamada Taro)", phone="+81312340001")
    other = like(name=name, phone="+81312340001")
    assert full_names(one.name or "") and set(full_names(one.name or "")) & set(full_names(name))
    assert weigh(one, other, rare=False, single=SINGLE).score >= PROPOSED_FROM
    assert weigh(one, replace(other, name="山田花子"), rare=False, single=SINGLE).score < PROPOSED_FROM


def test_one_mailbox_finds_its_people_whether_or_not_somebody_vouches_for_it_and_however_short_it_is() -> None:
    one, other = (like(name=name, address="ruth1956@example.com") for name in ("R. Morgan", "Ruth Morgan"))
    assert blocks(one) & blocks(other)
    assert weigh(one, other, rare=True, single=SINGLE).score >= PROPOSED_FROM


def test_whoever_is_compared_again_is_found_under_the_same() -> None:
    found = blocks(KIM, ["order:A-1"])
    assert blocks(replace(KIM, keys=found), ["order:A-1"]) == found


NAME, PHONE, HOME = "~f:knt/tm", "~p:01000001", "~w:00238/12"


def test_a_common_name_finds_nobody_and_one_person_with_many_accounts_makes_none_common() -> None:
    ones = range(1, 21)
    strangers, accounts = {one: one for one in ones}, {one: 1 if one > 2 else one for one in ones}
    assert near(2, [NAME], {NAME: ones}, strangers) == ([], frozenset({NAME}))
    assert near(2, [NAME], {NAME: ones}, accounts) == ([1, *range(3, 21)], frozenset())


def test_of_a_common_name_only_those_are_compared_who_have_something_else_in_common() -> None:
    sharing = {NAME: range(1, 10), PHONE: [1, 7]}
    assert near(1, [NAME, PHONE], sharing, {one: one for one in range(1, 10)}) == ([7], frozenset({NAME}))


def test_the_work_for_one_person_is_bounded_however_many_are_known() -> None:
    home, phones = range(1, MOST_OF_ONE_BLOCK + 1), range(20, 20 + MOST_OF_ONE_BLOCK)
    alone = {one: one for one in range(1, 100)}
    found, _ = near(1, [HOME, PHONE], {HOME: home, PHONE: [1, *phones[1:]]}, alone)
    assert len(found) == MOST_COMPARED and found[0] == 21, "who has both in common comes first"
    assert near(1, [HOME], {HOME: range(1, MOST_OF_ONE_BLOCK + 2)}, alone)[0] == [], "an office"


def test_a_common_name_that_others_share_is_no_rare_one() -> None:
    other = like(name="Katarzyna Wiśniewska")
    assert proposals(KIM, [other], frozenset(), SINGLE)
    common = frozenset(key for key in blocks(other) if key.startswith("~f:"))
    assert proposals(KIM, [other], common, SINGLE) == []


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
