"""Every published example is what Kafka carries, and any language can check it."""

import json
from collections import Counter
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe
from joserfc.jwk import OctKey
from jsonschema import Draft202012Validator, FormatChecker

from cli.contracts.examples import examples_of
from cli.contracts.gathering import TopicContracts
from shared.events import EventToAppend, Origin
from shared.eventstore.partitioning import partition_of
from shared.messaging.headers import HEADER_NAMES, fixed_headers
from shared.messaging.publishing import Derived, Publisher
from shared.messaging.topics import Topic
from shared.security.jwe import from_base64url, key_commitment
from tests.contracts.published import CONTRACTS, NAMES, TOPICS, Json, example, read, value_schema
from tests.ground.broker import Broker
from tests.ground.notebook import a_notebook, records_of
from tests.ground.servers import Databases

JOSE = jwe.JWERegistry(algorithms=["dir", "A256GCM"], strict_check_header=False)
FOLDERS = [topic.published.folder for topic in TOPICS]
DERIVED = [topic for topic in TOPICS if topic.published.is_derived]
OF_A_STORE = [topic for topic in TOPICS if not topic.published.is_derived]
HEADERS = read("envelope/headers.json")
valid = partial(Draft202012Validator, format_checker=FormatChecker())


class TheExamplesKey:
    """Hands out the key that an example is published with."""

    def __init__(self, told: Json) -> None:
        key = told.get("subject_key")
        self._ciphers = {key["kid"]: AESGCM(from_base64url(key["k"]))} if key else {}

    async def read(self, kids: object) -> dict[str, AESGCM | None]:
        return {kid: self._ciphers[kid] for kid in kids}  # type: ignore[attr-defined]


def stored(told: Json) -> EventToAppend:
    """Return the event of an example as a reader meets it."""
    headers = told["headers"]
    schema = int(headers["ce_dataschema"].rpartition(":")[2])
    data = told["value"].encode()
    return EventToAppend(UUID(headers["ce_id"]), headers["ce_type"], schema, data)


@pytest.mark.parametrize(("topic", "name"), CONTRACTS, ids=NAMES)
class TestEveryExample:
    def test_its_value_is_what_the_schema_promises(self, topic: TopicContracts, name: str) -> None:
        value = json.loads(example(topic, name)["value"])
        valid(value_schema(topic, name)).validate(value)

    def test_its_headers_are_what_the_schema_promises(
        self, topic: TopicContracts, name: str
    ) -> None:
        headers = example(topic, name)["headers"]
        valid(read(f"envelope/{topic.published.headers}")).validate(headers)
        assert headers["ce_dataschema"] == value_schema(topic, name)["$id"]

    def test_a_standard_library_opens_what_is_personal(
        self, topic: TopicContracts, name: str
    ) -> None:
        told = example(topic, name)
        sealed = json.loads(told["value"]).get("personal")
        assert (sealed is None) == ("plaintext" not in told)
        if sealed is None:
            return
        opened = jwe.decrypt_compact(sealed, OctKey.import_key(told["subject_key"]), registry=JOSE)
        assert opened.plaintext == told["plaintext"].encode()
        assert opened.protected["eid"] == told["headers"]["ce_id"]
        valid(read("envelope/jwe-header.json")).validate(opened.protected)
        plaintext = read(f"{topic.published.folder}/{name}.personal.json")
        valid(plaintext).validate(json.loads(told["plaintext"]))

    async def test_our_own_reader_reads_it(self, topic: TopicContracts, name: str) -> None:
        told = example(topic, name)
        [event] = await topic.published.codec.decode([stored(told)], TheExamplesKey(told))
        assert event is not None
        assert type(event).__name__ == told["headers"]["ce_type"]
        assert (getattr(event, "personal", None) is None) == ("plaintext" not in told)

    def test_its_partition_is_the_one_of_its_key(self, topic: TopicContracts, name: str) -> None:
        told = example(topic, name)
        if topic.published.folder == "activity":
            assert told["key"] == f"activity-{told['partition']}"
            return
        count = topic.published.topic.partitions
        assert told["partition"] == partition_of(told["key"], count)


@pytest.mark.parametrize("topic", TOPICS, ids=FOLDERS)
def test_an_example_never_changes_by_itself(topic: TopicContracts) -> None:
    for name, told in examples_of(topic.published):
        assert told == example(topic, name)


def test_a_registration_commits_to_the_key_it_is_sealed_with() -> None:
    told = read("customers/examples/CustomerRegistered.1.json")
    key = from_base64url(told["subject_key"]["k"])
    assert json.loads(told["value"])["key_commitment"] == key_commitment(key)


def test_every_header_that_the_relay_sends_is_described() -> None:
    fixed = [name for name, _ in fixed_headers("customers", 1)]
    assert set(HEADERS["properties"]) == {*fixed, *HEADER_NAMES, "ce_feedposition"}


@pytest.mark.parametrize("topic", DERIVED, ids=[t.published.folder for t in DERIVED])
async def test_what_a_live_stream_sends_is_the_example(
    topic: TopicContracts, broker: Broker
) -> None:
    all_told = [told for _, told in examples_of(topic.published)]
    one_of_many = Topic(f"daybook.examples.{uuid4().hex[:12]}", topic.published.topic.partitions)
    publisher = Publisher(broker.settings, one_of_many, topic.published.service)
    try:
        for told in all_told:
            at = datetime.fromisoformat(told["headers"]["ce_time"])
            await publisher.publish([Derived(told["partition"], told["key"], stored(told), at)])
    finally:
        await publisher.close()
    records = await records_of(broker.settings, one_of_many, len(all_told))
    described = read(f"envelope/{topic.published.headers}")
    by_value = {record.value.decode(): record for record in records}
    for told in all_told:
        record = by_value[told["value"]]
        assert (record.key.decode(), record.partition) == (told["key"], told["partition"])
        headers = {name: value.decode() for name, value in record.headers}
        assert headers == told["headers"]
        assert set(described["properties"]) == headers.keys()


@pytest.mark.parametrize("topic", OF_A_STORE, ids=[t.published.folder for t in OF_A_STORE])
async def test_what_the_relay_sends_is_the_example(
    topic: TopicContracts, databases: Databases, broker: Broker
) -> None:
    published = topic.published
    told = [x for _, x in examples_of(published)]
    one_of_many = Topic(f"daybook.examples.{uuid4().hex[:12]}", published.topic.partitions)
    async with a_notebook(databases, broker.settings, one_of_many) as notebook:
        await notebook.start_relay()
        versions: Counter[str] = Counter()
        for x in told:
            headers = x["headers"]
            origin = Origin(
                headers["ce_actor"],
                UUID(headers["ce_correlationid"]),
                traceparent=headers["traceparent"],
            )
            await notebook.store.append(
                headers["ce_subject"], x["key"], versions[headers["ce_subject"]], [stored(x)],
                origin, datetime.fromisoformat(headers["ce_time"]),
            )  # fmt: skip
            versions[headers["ce_subject"]] += 1
        sent = await notebook.records(len(told))
    by_id = {dict(record.headers)["ce_id"].decode(): record for record in sent}
    for x in told:
        record = by_id[x["headers"]["ce_id"]]
        assert (record.key.decode(), record.partition) == (x["key"], x["partition"])
        assert record.value.decode() == x["value"]
        headers = {name: value.decode() for name, value in record.headers}
        own = {"ce_source": "/daybook/notes", "ce_storeposition": headers["ce_storeposition"]}
        if not published.counts_streams:
            own["ce_sequence"] = headers["ce_sequence"]
        assert headers == x["headers"] | own
        valid(HEADERS).validate(headers)
