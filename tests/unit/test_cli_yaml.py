"""YAML of people: whatever it is, it is read or is an error of YAML."""

import json
from contextlib import suppress

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
from venture_cli.domain.policyfiles import read_table
from venture_cli.domain.workflowfiles import read_workflow
from venture_cli.domain.yamlreading import values_of
from venture_cli.errors import CliError

TAGS = ("int", "float", "bool", "null", "timestamp", "binary", "set", "omap", "pairs", "str", "map")
VALUES = st.sampled_from(
    ["abc", "7", "", "[a]", "{a: b}", "1" * 5000, "2026-13-45", "0x" + "f" * 5000, "'?'", "1:2:99"]
) | st.text(max_size=8)


@given(st.sampled_from(TAGS), VALUES, st.booleans())
@settings(max_examples=examples(300), deadline=None)
def test_a_value_is_read_or_told(tag: str, value: str, as_key: bool) -> None:
    text = f"? !!{tag} {value}\n: 1" if as_key else f"a: !!{tag} {value}"
    # Whatever else is raised fails the test.
    with suppress(yaml.YAMLError):
        values_of(text)


@pytest.mark.parametrize("text", ["a: !!int abc", "a: " + "1" * 5000, "[" * 5000, "a: !!bool 7"])
def test_files_of_policies_and_workflows_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(CliError, match="is no YAML"):
        read_workflow(text.encode(), "flow.yaml", None)
    with pytest.raises(CliError, match="is no YAML"):
        read_table(text.encode(), "table.yaml")


def test_json_is_yaml() -> None:
    assert values_of(json.dumps({"a": [1, None, "x"]})) == [{"a": [1, None, "x"]}]
    with pytest.raises(yaml.YAMLError, match=r"byte 0 is not UTF-8|invalid start byte"):
        values_of(b"\xff")
