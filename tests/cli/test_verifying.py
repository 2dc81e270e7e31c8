"""An operator learns whether a read model is what the store says, and has it mended."""

import json

from tests.cli.stand_in import Json, daybook, lines_of
from tests.cli.test_projections import Projector, a_projector


def compared(*differences: Json, differing: int | None = None, repaired: int = 0) -> Projector:
    """Return a projector whose comparison ends like this."""
    result = {
        "streams": 9,
        "differing": len(differences) if differing is None else differing,
        "repaired": repaired,
        "differences": list(differences),
    }
    return a_projector({"state": "done", "result": result})


EDITED: Json = {
    "stream": "customer-1", "what": "differs", "fields": ["name"], "version": 3,
    "version_of_fold": 3,
}  # fmt: skip
MISSING: Json = {
    "stream": "customer-2", "what": "missing", "fields": [], "version": None,
    "version_of_fold": 1,
}  # fmt: skip


def test_where_nothing_differs_that_is_said() -> None:
    result = daybook(compared(), "verify", "projections")
    assert result.exit_code == 0, result.output
    assert result.stdout == "directory: 9 streams compared, 0 differ, 0 repaired.\n"


def test_what_differs_is_listed_and_the_exit_code_says_so() -> None:
    result = daybook(compared(EDITED, MISSING), "verify", "projections")
    assert result.exit_code == 1
    _, edited, missing, total = lines_of(result.stdout)
    assert edited.split() == ["customer-1", "differs", "name", "3", "3"]
    assert missing.split() == ["customer-2", "missing", "—", "—", "1"]
    assert "2 differ, 0 repaired" in total


def test_what_was_repaired_is_no_failure() -> None:
    result = daybook(compared(EDITED, repaired=1), "verify", "projections", "--repair")
    assert result.exit_code == 0
    told = daybook(compared(EDITED, repaired=1), "verify", "projections", "--repair", "--json")
    assert json.loads(told.stdout)["result"]["differences"] == [EDITED]


def test_what_could_not_be_repaired_is_listed_and_the_exit_code_says_so() -> None:
    left = {"stream": "customer-2", "event_id": "e2", "why": "ValueError at code.py:7"}
    projector = compared(EDITED, MISSING, repaired=1)
    projector.states[0]["result"]["not_repaired"] = [left]
    result = daybook(projector, "verify", "projections", "--repair")
    assert result.exit_code == 1
    assert lines_of(result.stdout)[-1].split()[:3] == ["customer-2", "e2", "ValueError"]
    assert "Fix: " in result.stderr


def test_more_than_can_be_shown_is_said() -> None:
    result = daybook(compared(EDITED, differing=500), "verify", "projections")
    assert "There are 500; the first 1 are shown." in result.stderr


def test_one_stream_is_made_anew() -> None:
    projector = a_projector({"state": "done", "result": {"repaired": 1}})
    result = daybook(projector, "replay", "customer-1")
    assert result.stdout == "replay of directory: done (repaired 1)\n"
