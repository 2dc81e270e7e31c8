"""Each reader that we know of makes of the published examples what it should."""

import json
import runpy

import httpx
import pytest

from cli.local.paths import PROJECT
from services.customers.domain.customer.events import CustomerEvent
from services.customers.domain.customer.rules import evolve
from services.customers.domain.customer.state import NOBODY
from services.customers.storage.codec import CODEC
from services.permissions.projections.customer_owners import Known
from services.permissions.projections.customer_owners import evolve as follow
from services.permissions.projections.incoming import CODEC as INCOMING
from services.permissions.projections.incoming import CustomerEvent as IncomingEvent
from shared.eventstore.codec import NothingSealed
from tests.contracts.published import TOPICS, Json, example
from tests.contracts.test_examples import TheExamplesKey, stored

CUSTOMERS = TOPICS[0]
BILLING = PROJECT / "docs" / "consumers" / "billing_consumer.py"
STORY = [
    "CustomerRegistered.1", "CustomerRenamed.1", "CustomerEmailAdded.1", "CustomerEmailRemoved.1"
]  # fmt: skip


async def test_the_customers_service_folds_the_examples_into_one_customer() -> None:
    told = [example(CUSTOMERS, name) for name in STORY]
    customer = NOBODY
    for event in await CODEC.decode([stored(x) for x in told], TheExamplesKey(told[0])):
        assert isinstance(event, CustomerEvent)
        customer = evolve(customer, event)
    assert (customer.kind, customer.name) == ("person", "Ada Sample")
    assert [email.address for email in customer.emails] == ["ada@home.example"]


async def test_the_permissions_service_reads_whose_a_customer_is_and_opens_nothing() -> None:
    names = {contract.name for contract in CUSTOMERS.all}
    for event_type in INCOMING.types:
        told = example(CUSTOMERS, next(n for n in names if n.startswith(f"{event_type}.")))
        (event,) = await INCOMING.decode([stored(told)], NothingSealed())
        assert isinstance(event, IncomingEvent)
        said = json.loads(told["value"])
        kept = follow(Known(kind="person", owner="somebody"), event)
        for name in ("kind", "stage", "owner"):
            if name in said:
                assert getattr(kept, name) == said[name]


@pytest.mark.parametrize("name", STORY[:3])
def test_billing_opens_what_is_personal_in_the_examples(name: str) -> None:
    told: Json = example(CUSTOMERS, name)
    key = told["subject_key"]

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == f"/v1/subject-keys/{key['kid']}"
        return httpx.Response(200, json=key)

    sealed = json.loads(told["value"])["personal"]
    with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://daybook") as daybook:
        opened = runpy.run_path(str(BILLING))["open_personal"](
            sealed, told["headers"]["ce_id"], daybook
        )
    assert opened == json.loads(told["plaintext"])
