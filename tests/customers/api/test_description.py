"""/openapi.json, /livez and /readyz: what anybody may know."""

from collections.abc import Iterator

from tests.customers.api.asking import Json, read
from tests.ground.house import House

SHARED = {"200", "201", "202", "204", "4XX", "5XX", "503"}


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield method, path and description of every operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


class TestOpenapi:
    async def test_every_route_is_described(self, house: House) -> None:
        document = read(await house.anonymous().get("/openapi.json"))
        assert document["openapi"].startswith("3.1")
        described = {(method.upper(), path) for method, path, _ in operations(document)}
        routed = {
            (method, route.path)  # type: ignore[attr-defined]
            for route in house.app.router.routes
            for method in route.methods  # type: ignore[attr-defined]
        }
        assert described == routed

    async def test_every_route_says_what_it_does_who_may_and_how_it_fails(
        self, house: House
    ) -> None:
        document = read(await house.anonymous().get("/openapi.json"))
        names = []
        for _, path, operation in operations(document):
            names.append(operation["operationId"])
            assert operation["description"] or operation["summary"]
            assert set(operation["responses"]) <= SHARED
            assert "application/problem+json" in operation["responses"]["4XX"]["content"]
            if path.startswith("/v1/"):
                assert operation["security"] == [{"bearer": []}]
        assert len(names) == len(set(names))

    async def test_every_parameter_says_what_it_is_for(self, house: House) -> None:
        document = read(await house.anonymous().get("/openapi.json"))
        for _, path, operation in operations(document):
            for parameter in operation.get("parameters", []):
                assert parameter["description"], path
            in_path = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert in_path == {part[1:-1] for part in path.split("/") if part.startswith("{")}

    async def test_changes_ask_for_the_version_and_take_a_key(self, house: House) -> None:
        document = read(await house.anonymous().get("/openapi.json"))
        for method, path, operation in operations(document):
            headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
            if method == "post":
                assert "Idempotency-Key" in headers
            if method in {"post", "delete"} and path.startswith("/v1/customers/"):
                # A person is erased whatever version somebody has read.
                assert ("If-Match" in headers) != ("/erasure" in path)

    async def test_every_reference_leads_somewhere(self, house: House) -> None:
        answer = await house.anonymous().get("/openapi.json")
        schemas = read(answer)["components"]["schemas"]
        mentioned = {part.split('"')[0] for part in answer.text.split("#/components/schemas/")[1:]}
        assert mentioned <= schemas.keys()


class TestHealth:
    async def test_a_process_that_answers_lives(self, house: House) -> None:
        assert read(await house.anonymous().get("/livez")) == {"status": "ok"}

    async def test_a_process_that_can_work_is_ready(self, house: House) -> None:
        report = read(await house.anonymous().get("/readyz"))
        assert report["status"] == "ready"
