"""What others build on is generated into docs/contracts and checked in; drift fails the build.

`python -m cli.contracts` writes, `python -m cli.contracts --check` only compares.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import create_async_engine

from services.customers.api.app import ApiParts, customers_api
from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.storage.codec import CODEC
from shared.authorization.decisions import TableDecisions
from shared.clock import SystemClock
from shared.events import Event, Personal
from shared.eventstore.feed import Feed
from shared.eventstore.record_types import RECORDS
from shared.eventstore.records import RecordKeeper
from shared.eventstore.store import EventStore
from shared.messaging.headers import source_of
from shared.messaging.topics import ACCESS, CUSTOMERS
from shared.observability.traces import Tracing
from shared.postgres.lanes import Lanes
from shared.projecting.canary import CanaryKeeper
from shared.projecting.marks import Followed
from shared.projecting.orders import Orders
from shared.projecting.watching import MarkWatcher
from shared.security.master_key import FileMasterKey
from shared.security.subject_keys import SubjectKeys
from shared.security.tokens import TokenVerifier
from shared.web.callers import Guard
from shared.web.health import Readiness

FOLDER = Path("docs/contracts")
SERVICE = "customers"
# The folder of each topic's events: daybook.customers.v1, daybook.access.v1.
PUBLISHED = {SERVICE: CODEC, "access": RECORDS}
NOWHERE = "postgresql://nobody@localhost/nothing"


def event_schema(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of an event as it is stored and sent: `personal` is one JWE."""
    schema = event.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$id"] = f"urn:daybook:schema:{event.__name__}:{event.schema_version}"
    plaintext = _plaintext(event)
    if plaintext is not None:
        schema["properties"]["personal"] = {
            "type": "string",
            "description": "Compact JWE (RFC 7516), dir, A256GCM, kid = subject reference, eid ="
            " event id; its plaintext is x-daybook-plaintext. Absent once nothing is personal.",
            "contentMediaType": "application/jose",
            "x-daybook-plaintext": {"$ref": f"#/$defs/{plaintext.__name__}"},
        }
    return schema


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of the customers service; nothing is connected."""
    lanes = Lanes(NOWHERE, 1, application_name="contracts")
    clock, tracing = SystemClock(), Tracing()
    store = EventStore(lanes, SERVICE, CUSTOMERS.partitions)
    followed = Followed(DIRECTORY, source_of(SERVICE), CUSTOMERS.name, CUSTOMERS.partitions)
    watcher = MarkWatcher(lanes, followed, SERVICE)
    http = httpx.AsyncClient()
    parts = ApiParts(
        store=store,
        feed=Feed(lanes, CUSTOMERS.name),
        truth=lanes,
        views=lanes,
        directory=DirectoryQueries(
            create_async_engine(NOWHERE.replace("postgresql", "postgresql+asyncpg"))
        ),
        keys=SubjectKeys(lanes, FileMasterKey(AESGCM.generate_key(256))),
        records=RecordKeeper(lanes, clock, ACCESS.partitions),
        watcher=watcher,
        orders=Orders(lanes, uuid4()),
        guard=Guard(
            TokenVerifier(issuer="http://localhost", audience="daybook", http=http, clock=clock),
            TableDecisions(),
        ),
        tracing=tracing,
        clock=clock,
        service_key=bytes(32),
        appended=asyncio.Event(),
        stopping=asyncio.Event(),
    )
    canary = CanaryKeeper(
        store, CODEC, watcher, clock, tracing,
        actor="contracts", period_seconds=60, wake=asyncio.Event(),
    )  # fmt: skip

    async def readiness() -> Readiness:
        return Readiness.of("api", {})

    return customers_api(parts, readiness, canary).openapi()


def contracts() -> dict[Path, str]:
    """Return every contract file with its content."""
    files: dict[Path, Any] = {
        FOLDER / folder / f"{name}.{event.schema_version}.json": event_schema(event)
        for folder, codec in PUBLISHED.items()
        for name, event in codec.types.items()
    }
    files[FOLDER / SERVICE / "openapi.json"] = openapi()
    return {
        path: json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        for path, content in files.items()
    }


def main() -> int:
    """Write the contracts, or with --check say which differ; 1 if any does."""
    differing = [
        path
        for path, content in contracts().items()
        if not path.exists() or path.read_text() != content
    ]
    if "--check" in sys.argv[1:]:
        for path in differing:
            print(f"{path} is not what the code says. Fix: make contracts")
        return 1 if differing else 0
    for path in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contracts()[path])
        print(f"wrote {path}")
    return 0


def _plaintext(event: type[Event]) -> type[Personal] | None:
    field = event.model_fields.get("personal")
    if field is None:
        return None
    found: type[Personal] = next(
        option for option in get_args(field.annotation) if option is not type(None)
    )
    return found


if __name__ == "__main__":
    sys.exit(main())
