"""By what people are known, and which of it makes two identities one person."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.model import JSON, Complainant, Complaint, Status
from connector.people.identity import (
    Identifying,
    Identity,
    Number,
    e164,
    keys_of,
    nobodys,
    numbers_of,
    place_of,
    said_numbers,
)
from connector.people.linking import Said, Tie, components, links
from connector.people.names import Fit, fit, likeness, words

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CUSTOMER = Number("customer_number", ("extra.customer_number",), r"C-(\d{4})", single=True)
ORDER = Number("order", ("order_number",), r"A-\d{5}", said=True)
RULES = Identifying(
    country="PT", numbers=(CUSTOMER, ORDER), shared=frozenset({"info", "smiths@example.com"}),
    staff=frozenset({"shop.example"}), place=("extra.street", "extra.postcode"),
)  # fmt: skip


def person(**more: JSON) -> Complainant:
    return replace(Complainant("shop:1", "1", "Kim Doe", "Kim@Example.com", verified=True), **more)


def complaint(**more: JSON) -> Complaint:
    about = Complaint("shop", "1", 1, "Late", "Order A-10412 of C-9999", person(), Status.OPEN, NOW, NOW)
    return replace(about, **more)


def identity(ident: int, name: str | None = "Kim Doe", *keys: str) -> Identity:
    return Identity(ident, f"shop:{ident}", name, keys=frozenset(keys))


# -- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("Kim Doe", "Doe, Kim", Fit.SAME),
        ("Kim Doe", "K. Doe", Fit.MAYBE),
        ("Kim Doe", "Mrs Kim Doe", Fit.SAME),
        ("Kim Doe", "Kim", Fit.MAYBE),
        ("K. Doe", "K. Doe", Fit.MAYBE),
        ("Kim A. Doe", "Doe, Kim A.", Fit.SAME),
        ("Kim Doe", "Kim Anna Doe", Fit.FITS),
        ("Kim Doe", None, Fit.MAYBE),
        ("Kim Doe", "Tom Doe", Fit.NO),
        ("Kim Doe", "K. D.", Fit.NO),
        ("Kim Doe", "M. Doe", Fit.NO),
        ("Jan Novak", "Jana Novak", Fit.NO),
        ("Maria Silva", "Marta Silva", Fit.NO),
        ("Maria Silva", "Mario Silva", Fit.NO),
        ("Anna Kowalczyk", "Anna Kowalzcyk", Fit.FITS),
        ("Ирина Соколова", "Irina Sokolova", Fit.SAME),
        ("陈伟", "Chen Wei", Fit.SAME),
        ("赵小明", "Xiaoming Zhao", Fit.SAME),
        ("João Pereira", "Joao Pereira", Fit.SAME),
        ("山田 太郎 (Yamada Taro)", "Taro Yamada", Fit.SAME),
        ("山田太郎（ヤマダ　タロウ）", "山田 太郎", Fit.SAME),
        ("山田 太郎 (やまだたろう)", "Yamada Taro", Fit.SAME),
        ("山田 太郎 (やまだたろう)", "Yamada Tarō (山田太郎)", Fit.SAME),
        ("山田 太郎 (Yamada Taro)", "山田 花子 (Yamada Hanako)", Fit.NO),
        ("田中 裕子 (たなか ゆうこ)", "田中 裕子 (たなか ひろこ)", Fit.NO),
        ("山田 太郎 (Yamada Taro)", "佐藤 太郎 (Yamada Taro)", Fit.NO),
        ("佐藤 翔 (さとう しょう)", "Sho Sato", Fit.SAME),
        ("服部 順 (ハットリ ジュン)", "Jun Hattori", Fit.SAME),
        ("王伟 (VIP)", "Tokyo Wang", Fit.NO),
    ],
)
def test_two_names_fit_one_person_only_where_no_word_of_them_speaks_against_it(
    one: str, other: str | None, how: Fit
) -> None:
    assert fit(one, other) is how
    assert fit(other, one) is how


def test_kana_is_read_as_in_a_passport_and_names_in_other_letters_stay() -> None:
    assert words("おおの ゆうじ") == ("ono", "yuji")
    assert words("ﾔﾏﾀﾞ ﾀﾛｳ") == words("やまだ たろう") == ("yamada", "taro")
    assert words("ジョン・スミス") == ("jon", "sumisu")
    assert words("Tarou Ooyama") == ("tarou", "ooyama")


def test_names_are_alike_by_sound_and_in_any_order() -> None:
    assert likeness("Юлия Щербакова", "Scherbakova Yuliya") > 0.8
    assert likeness("Katarzyna Wisniewska", "Katazyna Wiśniewska") > 0.9
    assert likeness("Kim Doe", "Pedro Alves") < 0.5
    assert likeness("Kim Doe", "") == 0


@given(st.text(max_size=60))
def test_whatever_a_name_is_it_fits_itself(name: str) -> None:
    assert fit(name, name) is not Fit.NO or not any(len(word) > 1 for word in words(name))


# -- keys ------------------------------------------------------------------------------------------------------------


def test_a_verified_mailbox_a_phone_and_numbers_are_what_somebody_is_known_by() -> None:
    keys = keys_of(person(phone="210 000 001"), ["customer_number:C-1042"], RULES)
    assert keys == {"mail:kim@example.com", "phone:+351210000001", "customer_number:C-1042"}


@pytest.mark.parametrize("trust", ["unverified", "failed"])
def test_whoever_nobody_vouches_for_is_known_by_nothing(trust: str) -> None:
    assert keys_of(person(verified=False, trust=trust, phone="+351210000001"), ["order:A-10412"], RULES) == set()


def test_an_address_that_is_not_verified_is_no_key() -> None:
    assert keys_of(person(verified=False), (), RULES) == set()


@pytest.mark.parametrize(
    "address",
    ["info@hotel.example", "Info+march@hotel.example", "smiths@example.com", "ana@shop.example", "x@mail.shop.example"],
)
def test_role_mailboxes_shared_ones_and_our_own_people_are_nobody_in_particular(address: str) -> None:
    assert nobodys(person(address=address), RULES)
    assert keys_of(person(address=address, phone="+351210000001"), ["order:A-10412"], RULES) == set()


def test_a_domain_that_only_ends_like_ours_is_not_ours() -> None:
    assert not nobodys(person(address="ana@notshop.example"), RULES)


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("020 7946 0958", None, None),
        ("210000001 ext. 5", "PT", None),
        ("call me", "PT", None),
        ("12", "PT", None),
    ],
)
def test_phones_are_compared_as_numbers_that_can_exist(text: str, country: str | None, number: str | None) -> None:
    assert e164(text, country) == number


def test_numbers_come_from_fields_by_pattern_and_from_words_only_as_a_claim() -> None:
    about = complaint(order_number="order a-10412", extra={"customer_number": " c-1042 ", "street": "Rua A 1"})
    assert numbers_of(about, RULES) == ("customer_number:C-1042", "order:A-10412")
    assert said_numbers(about, RULES) == ("order:A-10412",)
    assert numbers_of(complaint(extra={"customer_number": "XC-10423"}), RULES) == ()
    assert place_of(about, RULES) == "Rua A 1"


# -- links -----------------------------------------------------------------------------------------------------------


def pairs(key: str, *names: str | None) -> list[tuple[int, int]]:
    return links(key, [identity(number, name) for number, name in enumerate(names, 1)], RULES.single)


def test_the_same_mailbox_joins_whose_names_fit() -> None:
    assert pairs("mail:kim@example.com", "Kim Doe", "K. Doe", None) == [(1, 2), (1, 3), (2, 3)]


def test_a_family_that_shares_a_mailbox_stays_a_family() -> None:
    assert pairs("mail:does@example.com", "Kim Doe", "Tom Doe") == []
    assert pairs("mail:does@example.com", "Kim Doe", "Tom Doe", "Doe Kim", None) == [(1, 3)]


def test_a_phone_or_an_order_joins_nobody_without_a_whole_name() -> None:
    assert pairs("phone:+351210000001", "Kim Doe", None) == []
    assert pairs("phone:+351210000001", "Kim Doe", "K. Doe") == []
    assert pairs("phone:+351210000001", "K. Doe", "K. Doe") == [], "Kim and Karl"
    assert pairs("mail:does@example.com", "K. Doe", "K. Doe", "Tom Doe") == []
    assert pairs("phone:+351210000001", "Kim Doe", "Kim A. Doe") == [(1, 2)]
    assert pairs("order:A-10412", "Kim Doe", None) == []
    assert pairs("customer_number:C-1042", "Kim Doe", None) == [(1, 2)]


def test_a_phone_joins_no_two_mailboxes_for_a_daughter_may_be_called_like_her_mother() -> None:
    kim, other, third = (
        replace(identity(number), address=address)
        for number, address in enumerate(("kim@example.com", "kim.doe@mail.example", "Kim+shop@example.com"), 1)
    )
    phone = "phone:+351210000001"
    assert links(phone, [kim, other], RULES.single) == []
    assert links(phone, [kim, third], RULES.single) == [(1, 3)], "one mailbox in two spellings"
    assert links(phone, [kim, identity(4)], RULES.single) == [(1, 4)], "a caller has no mailbox"
    assert links("customer_number:C-1042", [kim, other], RULES.single) == [(1, 2)]


def test_a_key_that_a_crowd_has_is_nobodys() -> None:
    assert pairs("phone:+351210000001", *["Kim Doe"] * 26) == []


def tie(a: int, b: int, said: Said = Said.KEY, why: str = "mail:kim@example.com") -> Tie:
    return Tie(a, b, said, why, "ana", NOW)


def test_persons_are_what_ties_hold_together() -> None:
    found = components([identity(1), identity(2), identity(3), identity(4)], [tie(1, 2), tie(2, 4)], RULES.single)
    assert found == {1: 1, 2: 1, 3: 3, 4: 1}


def test_two_customer_numbers_are_two_customers_whatever_else_they_share() -> None:
    ones = [identity(1, "Kim Doe", "customer_number:C-1"), identity(2), identity(3, "Kim Doe", "customer_number:C-2")]
    ties = [tie(1, 2), tie(2, 3, why="phone:+351210000001")]
    assert components(ones, ties, RULES.single) == {1: 1, 2: 1, 3: 3}
    said = [*ties, tie(2, 3, Said.LINKED, "it is her")]
    assert components(ones, said, RULES.single) == {1: 1, 2: 2, 3: 2}, "a person's word first, then no key against it"


def test_keys_do_not_join_strangers_over_somebody_whose_name_fits_both() -> None:
    ones = [identity(1, "Anna Smith"), identity(2, "A. Smith"), identity(3, "Adam Smith")]
    assert components(ones, [tie(1, 2), tie(2, 3, why="phone:+351210000001")], RULES.single) == {1: 1, 2: 1, 3: 3}


def test_a_persons_word_stands_above_every_key() -> None:
    ones = [identity(1), identity(2), identity(3)]
    ties = [tie(1, 2), tie(2, 3), tie(1, 3, Said.APART, "two Kims")]
    found = components(ones, ties, RULES.single)
    assert found[1] != found[3]


def test_whom_a_person_joined_by_hand_stays_joined_with_all_that_keys_join() -> None:
    """Kim Doe married and has a second customer number: somebody says so, and her other accounts stay hers."""
    known = [
        identity(1, "Kim Doe", "customer_number:1"),
        identity(2, "K. Marsh", "customer_number:2"),
        identity(3, "Kim Doe"),
        identity(4, "K. Marsh"),
    ]
    word, old, new = tie(1, 2, Said.LINKED), tie(1, 3), tie(2, 4, why="mail:marsh@example.com")
    assert set(components(known, [word, old, new], frozenset({"customer_number"})).values()) == {1}
    parted = components(known, [word, old, new, tie(2, 3, Said.APART)], frozenset({"customer_number"}))
    assert parted == {1: 1, 2: 1, 3: 3, 4: 1}, "a person's word stands above every key"


@given(st.permutations([(1, 2), (2, 3), (4, 5), (3, 6)]), st.sets(st.sampled_from([(1, 3), (2, 6), (4, 5)])))
def test_the_order_in_which_ties_are_read_makes_no_difference(
    order: list[tuple[int, int]], apart: set[tuple[int, int]]
) -> None:
    ones = [identity(number) for number in range(1, 7)]
    words = [tie(a, b, Said.APART, "no") for a, b in sorted(apart)]
    found = components(ones, [*words, *(tie(a, b) for a, b in order)], RULES.single)
    again = components(list(reversed(ones)), [*(tie(a, b) for a, b in sorted(order)), *words], RULES.single)
    assert found == again
    assert all(found[a] != found[b] for a, b in apart)
    assert all(person == min(one for one in found if found[one] == person) for person in found.values())


def test_who_is_compared_with_whom_first_makes_no_difference() -> None:
    ones = [identity(1, "Kim Doe"), identity(2, "Doe Kim"), identity(3, "Tom Doe")]
    answers = {tuple(links("mail:does@example.com", order, RULES.single)) for order in permutations(ones)}
    assert answers == {((1, 2),)}
