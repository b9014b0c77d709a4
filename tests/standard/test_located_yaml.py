"""Each mistake in a hand-written file is named with its line."""

from pathlib import Path

import pytest

from messages import catalogue as wordings
from standard.located_yaml import MAXIMUM_SIZE, FaultyFileError, Record, read_record


def reading(tmp_path: Path, content: str) -> Record:
    path = tmp_path / "file.yaml"
    path.write_text(content, "utf-8")
    return read_record(path)[0]


def faults_of(record: Record) -> list[tuple[int, str]]:
    return [(fault.line, fault.code) for fault in record._faults.faults]


def test_good_record_gives_its_values(tmp_path: Path) -> None:
    record = reading(
        tmp_path,
        "a: text\nb: 4.5\nc: 7\nd: yes\ne: 2026-02-03\nf: [x, y]\n"
        "g: {h: {}}\ni:\n  - {j: k}\nl: null\n",
    )
    assert record.text("a") == "text"
    assert record.number("b") == 4.5
    assert record.integer("c") == 7
    assert record.truth("d", False) is True
    assert str(record.date("e")) == "2026-02-03"
    assert record.texts("f") == ("x", "y")
    assert list(record.table("g")) == ["h"]
    assert [row.text("j") for row in record.records("i")] == ["k"]
    assert record.optional_text("l") is None
    assert record.plain("d") is True
    assert record.plain("b") == 4.5
    assert record.plain("a") == "text"
    assert record.plain("none") is None


@pytest.mark.parametrize(
    ("content", "ask", "line", "code"),
    [
        ("a: 1\n", lambda record: record.text("b"), 1, "missing-field"),
        ("x: 1\na: ''\n", lambda record: record.text("a"), 2, "empty"),
        ("a: [1]\n", lambda record: record.text("a"), 1, "expected-scalar"),
        ("a: z\n", lambda record: record.text("a", one_of=("x", "y")), 1, "not-one-of"),
        ("a: z\n", lambda record: record.text("a", pattern="[0-9]+"), 1, "wrong-form"),
        ("a: many\n", lambda record: record.number("a"), 1, "expected-number"),
        ("a: .nan\n", lambda record: record.number("a"), 1, "expected-number"),
        ("a: 1.5\n", lambda record: record.integer("a"), 1, "expected-integer"),
        ("a: maybe\n", lambda record: record.truth("a", True), 1, "expected-truth"),
        ("a: 2026-13-01\n", lambda record: record.date("a"), 1, "expected-date"),
        ("a: x\n", lambda record: record.texts("a"), 1, "expected-list"),
        ("a: [[1]]\n", lambda record: record.texts("a"), 1, "expected-text"),
        ("a: x\n", lambda record: record.record("a"), 1, "expected-mapping"),
        ("a: [x]\n", lambda record: record.plain("a"), 1, "expected-scalar"),
        (
            "nmae: x\n",
            lambda record: (record.text("name", ""), record.finish()),
            1,
            "unknown-field",
        ),
    ],
)
def test_mistake_is_noted_with_its_line(tmp_path, content, ask, line, code) -> None:
    record = reading(tmp_path, content)
    ask(record)
    assert faults_of(record) == [(line, code)]
    with pytest.raises(FaultyFileError, match=r"file\.yaml:"):
        record._faults.raise_if_any()


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        ("a: &x 1\nb: *x\n", 1, "alias"),
        ("a: !!python/object:os.system x\n", 1, "foreign-tag"),
        ("a: 1\nb: [\n", 3, "not-yaml"),
        ("a: 1\n  b: 2\n", 2, "not-yaml"),
        ("", 0, "nothing-in-it"),
        ("a: " + "[" * 40 + "]" * 40, 1, "too-deep"),
        ("a: \x01\n", 0, "not-yaml"),
    ],
)
def test_what_is_not_plain_yaml_is_refused(tmp_path, content, line, code) -> None:
    with pytest.raises(FaultyFileError) as caught:
        reading(tmp_path, content)
    assert [(fault.line, fault.code) for fault in caught.value.faults] == [(line, code)]


def test_duplicate_key_is_a_mistake(tmp_path: Path) -> None:
    assert faults_of(reading(tmp_path, "a: 1\na: 2\n")) == [(2, "twice")]


def test_top_level_list_is_a_mistake(tmp_path: Path) -> None:
    assert faults_of(reading(tmp_path, "- a\n")) == [(1, "expected-mapping")]


def test_unreadable_files_are_faults(tmp_path: Path) -> None:
    for prepare, code in (
        (lambda path: None, "unreadable"),
        (lambda path: path.write_bytes(b"a: \xff\xfe\n"), "not-utf-8"),
        (lambda path: path.write_bytes(b"#" * (MAXIMUM_SIZE + 1)), "too-large"),
    ):
        path = tmp_path / f"{code}.yaml"
        prepare(path)
        with pytest.raises(FaultyFileError) as caught:
            read_record(path)
        assert [fault.code for fault in caught.value.faults] == [code]


def test_faults_are_worded_in_both_languages(tmp_path: Path) -> None:
    record = reading(tmp_path, "a: z\n")
    record.integer("a")
    fault = record._faults.faults[0]
    assert fault.worded("en") == "file.yaml:1: 'a' must be a whole number, found 'z'"
    assert fault.worded("zh") == "file.yaml:1: “a”应为整数，现为“z”"


def test_every_fault_code_has_words() -> None:
    import re

    import standard.loading
    import standard.located_yaml

    for module in (standard.loading, standard.located_yaml):
        source = Path(module.__file__).read_text("utf-8")
        for code in re.findall(
            r"(?:fault\(\s*[^,()]+|add\(\s*(?:\w+\([^)]*\)|[^,()]+)),\s*\"([a-z0-9-]+)\"", source
        ):
            assert f"file.{code}" in wordings(), code
