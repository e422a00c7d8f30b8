"""Texts of Jira lose their clothes and nothing else; what we write is shown as it is."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.jira import documents, wiki
from connector.model import JSON


def p(*content: Any) -> dict[str, Any]:
    return {"type": "paragraph", "content": [t(one) if isinstance(one, str) else one for one in content]}


def t(text: str, *marks: Any) -> dict[str, Any]:
    return {"type": "text", "text": text} | ({"marks": list(marks)} if marks else {})


def n(kind: str, *content: Any, **attrs: JSON) -> dict[str, Any]:
    return {"type": kind, "attrs": attrs, "content": list(content)}


def doc(*content: Any) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": list(content)}


LINK = {"type": "link", "attrs": {"href": "https://shop.example/a"}}
CELLS = [n("tableHeader", p("Part")), n("tableCell", p("Lamp"), n("bulletList", n("listItem", p("broken"))))]
PIECES: list[tuple[dict[str, Any], str]] = [
    (p("It ", t("never", {"type": "strong"}), " came"), "It never came"),
    (p("one", n("hardBreak"), "two"), "one\ntwo"),
    (n("heading", t("Refund"), level=2), "Refund"),
    (n("bulletList", n("listItem", p("a"), n("orderedList", n("listItem", p("b"))))), "- a\n  1. b"),
    (n("orderedList", n("listItem", p("a")), n("listItem", p("b")), order=3), "3. a\n4. b"),
    (n("taskList", n("taskItem", t("call"), state="DONE"), n("taskItem", t("pay"), state="TODO")), "[x] call\n[ ] pay"),
    (n("decisionList", n("decisionItem", t("refund"), state="DECIDED")), "<> refund"),
    (
        n("table", n("tableRow", *CELLS), n("tableRow", n("tableCell", p("x")), n("tableCell", p("y")))),
        "Part | Lamp / - broken\nx | y",
    ),
    (n("panel", p("hot"), panelType="warning"), "(!) hot"),
    (n("panel", p("own"), panelType="custom", panelIcon=":fire:", panelIconText="🔥"), "🔥 own"),
    (n("expand", p("inside"), title="More"), "More\ninside"),
    (n("codeBlock", t("a  b\n c"), language="python"), "a  b\n c"),
    (n("blockquote", p("you said"), p("so")), "> you said\n>\n> so"),
    (p(n("mention", id="5b1", text="@Ana"), " ", n("mention", id="5b2")), "@Ana @5b2"),
    (p(n("emoji", shortName=":smile:", text="😄"), n("emoji", shortName=":custom:")), "😄:custom:"),
    (p("by ", n("date", timestamp="1582152559000")), "by 2020-02-19"),
    (p(n("status", text="IN PROGRESS", color="blue")), "[IN PROGRESS]"),
    (p(n("inlineCard", url="https://shop.example/1")), "https://shop.example/1"),
    (n("blockCard", data={"name": "Order", "url": "https://shop.example/2"}), "Order (https://shop.example/2)"),
    (p(t("here", LINK)), "here (https://shop.example/a)"),
    (p(t("https://shop.example/a", LINK)), "https://shop.example/a"),
    (p(t("paid", {"type": "strike"})), "~~paid~~"),
    (
        n("mediaSingle", n("media", type="file", id="x", alt="photo.png"), n("caption", t("the lamp"))),
        "[photo.png]\nthe lamp",
    ),
    (n("mediaGroup", n("media", type="file", id="x"), n("media", type="file", alt="b.pdf")), "[file]\n[b.pdf]"),
    (n("rule"), "----"),
    (n("layoutSection", n("layoutColumn", p("left")), n("layoutColumn", p("right"))), "left\n\nright"),
    (n("extension", extensionKey="chart", text="Sales"), "Sales"),
    (n("bodiedExtension", p("kept"), extensionKey="x"), "kept"),
    (n("not-invented-yet", p("kept"), title="Title"), "Title\nkept"),
    (t("loose"), "loose"),
]


@pytest.mark.parametrize(("node", "text"), PIECES, ids=[node["type"] for node, _ in PIECES])
def test_each_kind_of_node_keeps_what_it_means(node: dict[str, Any], text: str) -> None:
    assert documents.text_of(doc(node)) == text


def test_blocks_are_parted_by_a_blank_line() -> None:
    assert documents.text_of(doc(p("Hello,"), p(), n("bulletList", n("listItem", p("a"))), p("Bye"))) == (
        "Hello,\n\n- a\n\nBye"
    )


def test_text_of_the_old_kind_and_nothing_at_all_are_read() -> None:
    assert documents.text_of("plain") == "plain"
    assert [documents.text_of(value) for value in (None, 7, [], {}, {"type": "doc"})] == [""] * 5


KINDS = sorted({*documents._BLOCKS, *documents._INLINES, "doc", "text", "listItem", "tableCell", "unheard-of"})
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(KINDS),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "content", "attrs", "marks", "text", "timestamp", "title"]), inner)
    ),
    max_leaves=30,
)


@given(values)
def test_no_answer_is_too_strange_to_read(value: JSON) -> None:
    assert isinstance(documents.text_of(value), str)


def nodes(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda kind, content, attrs: {"type": kind, "content": content, "attrs": attrs},
        st.sampled_from([kind for kind in KINDS if kind != "text"]),
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["title", "text", "order", "panelType"]), st.text(max_size=3), max_size=2),
    )


@given(st.recursive(st.just("leaf"), nodes, max_leaves=25), st.sampled_from([0, 30, 45, 400]))
def test_no_text_is_lost_wherever_it_stands_and_however_deep(tree: Any, depth: int) -> None:
    numbers = count(1)

    def numbered(node: Any) -> Any:
        if isinstance(node, str):
            return t(f"word{next(numbers)}.")
        return node | {"content": [numbered(one) for one in node["content"]]}

    told: Any = numbered(tree)
    for _ in range(depth):
        told = n("bulletList", n("listItem", told))
    text = documents.text_of(doc(told))
    words = re.findall(r"word\d+\.", text)
    assert sorted(words) == sorted(f"word{number}." for number in range(1, next(numbers)))


@given(st.text())
def test_a_note_survives_the_way_to_jira_cloud_and_back(text: str) -> None:
    document = documents.document_of(text)
    assert document["type"] == "doc"
    shown = documents.text_of(document)
    clean = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text.replace("\r\n", "\n"))
    assert shown.split() == clean.split()


def test_addresses_in_a_note_become_links() -> None:
    content = documents.document_of("See https://shop.example/a?b=1.\n\nBye")["content"]
    assert [one["text"] for one in content[0]["content"]] == ["See ", "https://shop.example/a?b=1", "."]
    assert content[0]["content"][1]["marks"][0]["attrs"]["href"] == "https://shop.example/a?b=1"


def test_a_note_that_is_too_long_for_jira_is_cut_and_says_so() -> None:
    for shown in (documents.text_of(documents.document_of("x" * 40_000)), wiki.markup_of("x" * 40_000)):
        assert len(shown) == documents.LONGEST
        assert shown.endswith("…")


MARKUP = [
    ("h2. Refund\nplease", "Refund\nplease"),
    ("It *never* _came_, -really- +no+ H~2~O x^2^", "It never came, ~~really~~ no H~2~O x^2^"),
    ("a *b* ??me?? {{mono}} {color:red}red{color}", "a b me mono red"),
    ("{quote}you said\nso{quote}", "> you said\n> so"),
    ("bq. said", "> said"),
    ("{code:java|title=x}a *b* [c]{code}", "a *b* [c]"),
    ("{noformat}{panel}{noformat}", "{panel}"),
    ("{panel:title=Note|borderStyle=dashed}inside{panel}", "Note\ninside"),
    ("* a\n** b\n# one\n# two\n- dash", "- a\n  - b\n1. one\n2. two\n- dash"),
    ("||Part||Price||\n|Lamp|[shop|https://s.example]|", "Part | Price\nLamp | shop (https://s.example)"),
    ("[https://s.example/a_b_c] [mailto:a@b.example]", "https://s.example/a_b_c a@b.example"),
    ("[~ana] [Ana|~accountid:5b1] [^bill.pdf] [file.txt]", "@ana @Ana [bill.pdf] [file.txt]"),
    ("!photo.png|thumbnail! wow! really!", "[photo.png] wow! really!"),
    ("one\\\\two", "one\ntwo"),
    (r"\*no\* \{code\} C:\temp", "*no* {code} C:\\temp"),
    ("(/) done (!) :) ----", "(/) done (!) :) ----"),
    ("{unknown:x}kept{unknown} {anchor:y}", "{unknown:x}kept{unknown} "),
    ("2*3*4 snake_case_name well-known-thing 1+1+1", "2*3*4 snake_case_name well-known-thing 1+1+1"),
    ("Tom &amp; Ana &#42;", "Tom & Ana *"),
    ("", ""),
]


@pytest.mark.parametrize(("markup", "text"), MARKUP)
def test_markup_is_taken_off_and_its_meaning_kept(markup: str, text: str) -> None:
    assert wiki.text_of(markup) == text


SIGNS = st.sampled_from(
    [*"{}[]()*_-+^~|!?#:;\\&<>. \n", "{code}", "{quote}", "{panel}", "h1. ", "bq. ", "https://a.b/c_d"]
)
texts = st.lists(SIGNS | st.text("abcé1 ", max_size=4)).map("".join)


@given(texts)
def test_no_word_of_a_markup_is_lost(text: str) -> None:
    bare = re.sub(r"\{(?:code|quote|panel)\}|^[ \t]*(?:h1|bq)\.|&#?\w+;?|\{[^}\n]*\}", " ", text, flags=re.M)
    shown = wiki.text_of(text)
    for word in re.findall(r"[a-zé]{3,}", bare):
        assert word in shown


@given(texts | st.text())
@example("https://a.b/c_d\\")
@example("https://a.b/?c_d&copy;&#92;_e_")
def test_a_note_survives_the_way_to_data_center_and_back(text: str) -> None:
    clean = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text.replace("\r\n", "\n"))
    shown = wiki.text_of(wiki.markup_of(text))
    assert [line.strip() for line in shown.strip().split("\n")] == [line.strip() for line in clean.strip().split("\n")]


def test_nothing_in_a_note_is_taken_for_markup() -> None:
    hostile = "h1. big\n{code}x{code} [~ana] !http://x.example/a.png! * b\n|a|b|\n@ana (x)"
    told = wiki.markup_of(hostile)
    assert not re.search(r"(?<!\\)[{}\[\]|*]", told)
    assert "h1\\." in told and "\\(x)" in told
