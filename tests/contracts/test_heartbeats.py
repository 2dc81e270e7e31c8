"""What the relay sends four times a second is what its contract says, and can be read from it."""

import json
from datetime import UTC, datetime

import jsonschema

from shared.messaging.heartbeats import Beat, RelayBeat, beat_of
from tests.contracts.published import FOLDER

HERE = FOLDER / "heartbeats"
BEAT = Beat("/daybook/permissions", 3, datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC), 217)


def test_a_beat_is_as_its_schema_says() -> None:
    schema = json.loads((HERE / "RelayBeat.1.json").read_text())
    value = json.loads(BEAT.to_bytes())
    jsonschema.Draft202012Validator(schema).validate(value)
    assert set(value) == set(schema["required"]) == set(RelayBeat.model_fields)


def test_the_example_is_read_as_a_beat() -> None:
    example = json.loads((HERE / "examples" / "RelayBeat.1.json").read_text())
    beat = beat_of(example["value"].encode())
    assert beat is not None
    assert (beat.source, beat.reached) == (example["headers"]["ce_source"], 217)
    told = RelayBeat.model_validate_json(BEAT.to_bytes())
    assert Beat(**told.model_dump()) == BEAT
