import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator
from surroundings import REPOSITORY
from venture_core.events.envelope import EventEnvelopeV1
from venture_core.events.reference import PAGE, SCHEMAS, files, stale, write
from venture_core.events.registry import EventType, Registry
from venture_core.events.types import REGISTRY

if TYPE_CHECKING:
    from pathlib import Path

EVENT = {
    "event_id": "0190a6e2-7d1c-7000-8000-000000000001",
    "event_type": "artifact.build.suspended.v1",
    "trace_id": "4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
    "workflow_id": "0190a6e2-7d1c-4aaa-8bbb-0123456789ab",
    "task_id": None,
    "policy_bundle_id": None,
    "source_service": "venture-orchestrator",
    "payload": {"attempt": 1, "list": [{"deep": None}]},
    "created_at": "2026-11-23T06:40:18.123456Z",
}


def test_the_committed_files_are_what_the_types_say() -> None:
    drifted = stale(REPOSITORY, REGISTRY)
    assert not drifted, "run: python -m venture_core.events.reference"


def test_what_is_stale_is_written_and_what_is_left_over_removed(tmp_path: Path) -> None:
    (tmp_path / SCHEMAS).mkdir(parents=True)
    old = SCHEMAS / "artifact.build.forgotten.v1.json"
    (tmp_path / old).write_text("{}")
    assert old in stale(tmp_path, REGISTRY)
    assert set(write(tmp_path, REGISTRY)) == {*files(REGISTRY), old}
    assert stale(tmp_path, REGISTRY) == []
    (tmp_path / PAGE).write_text("changed by hand")
    assert write(tmp_path, REGISTRY) == [PAGE]


@pytest.mark.parametrize("event_type", list(REGISTRY), ids=lambda each: each.name)
def test_every_type_is_on_the_page_with_all_its_fields(event_type: EventType) -> None:
    page = files(REGISTRY)[PAGE]
    section = page.partition(f"## {event_type.name}\n")[2].partition("\n## ")[0]
    assert event_type.description in section
    for name, field in event_type.payload.model_fields.items():
        assert f"| `{field.alias or name}` |" in section


def test_every_field_has_a_meaning() -> None:
    rows = [line for line in files(REGISTRY)[PAGE].splitlines() if line.startswith("| `")]
    assert rows
    assert [row for row in rows if row.endswith("|  |")] == []


def test_schemas_accept_what_the_models_do() -> None:
    schema = json.loads(files(REGISTRY)[SCHEMAS / "event-envelope.v1.json"])
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(EVENT)
    EventEnvelopeV1.model_validate_json(json.dumps(EVENT))
    for change in ({"more": 1}, {"payload": {"half": 0.5}}, {"event_type": "a"}):
        assert not validator.is_valid(EVENT | change)


def test_an_empty_registry_has_a_page() -> None:
    assert set(files(Registry([]))) == {
        PAGE,
        SCHEMAS / "event-envelope.v1.json",
        SCHEMAS / "task-envelope.v1.json",
    }
