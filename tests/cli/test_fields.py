"""An administrator declares, sees and retires custom fields."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.cli.stand_in import Json, StandIn, daybook, lines_of

SIZE: Json = {"name": "size", "label": {"en": "Size", "zh": "尺码"}, "type": "choice",
    "required": True, "choices": ["small", "large"], "sensitivity": "public", "retired": False,
    "version": 7}  # fmt: skip


class Declared(StandIn):
    """A stand-in with one field that takes what is declared."""

    async def _other(self, request: Request) -> Response:
        stopped = self._stopped_at_the_door(request)
        if stopped is not None:
            return stopped
        if request.method == "GET":
            is_one = request.url.path.endswith("/size")
            return JSONResponse(SIZE if is_one else {"items": [SIZE]})
        if request.url.path == "/v1/fields":
            return JSONResponse({**SIZE, **await request.json()}, 201)
        return JSONResponse({**SIZE, "retired": True, "version": 8})


def test_the_list_says_what_each_field_is() -> None:
    result = daybook(Declared(), "fields", "list", "--as", "alice")
    assert result.exit_code == 0, result.output
    assert lines_of(result.stdout)[1].split() == [
        "size", "choice", "yes", "public", '["small",', '"large"]', "Size", "·", "尺码",
        "in", "use",
    ]  # fmt: skip


def test_a_field_is_declared_with_all_that_was_typed() -> None:
    service = Declared()
    words = ("fields", "declare", "size", "--type", "choice", "--en", "Size", "--zh", "尺码",
        "--choice", "small", "--choice", "large", "--required", "--as", "alice")  # fmt: skip
    result = daybook(service, *words)
    assert result.exit_code == 0, result.output
    assert lines_of(result.stdout) == ["size: declared"]
    (asked,) = service.asked_for("/v1/fields")
    assert asked.headers["Idempotency-Key"]


def test_a_field_is_retired_as_it_was_read() -> None:
    service = Declared()
    result = daybook(service, "fields", "retire", "size", "--as", "alice")
    assert lines_of(result.stdout) == ["size: retired"]
    (asked,) = service.asked_for("/v1/fields/size/retire")
    assert asked.headers["If-Match"] == '"7"'
