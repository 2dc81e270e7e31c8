"""Every scene of the tape: each is a thing that happened to somebody's consumer."""

from cli.tape.scene import Life, Scene, key_answers, play
from cli.tape.telling import Json, Store, Who, line, uuid_of

LARGEST_EVENT_BYTES = 60_000

ADA, BEA, CYD = Who.named("Ada", 3), Who.named("Bea", 3), Who.named("Cyd", 7)


def every() -> list[Scene]:
    """Return all scenes, simple ones first."""
    return [
        plain(), duplicates(), across_partitions(), late_round_first(), gap(), emptied(),
        new_epoch(), unknown(), erased(), forgotten(), large(), other_source(), not_ours(),
        poison(),
    ]  # fmt: skip


def plain() -> Scene:
    """Nothing happens but events."""
    store = _story("plain")
    about = "Every event once, in order. A reader that fails here fails everywhere."
    return play("plain", about, store)


def duplicates() -> Scene:
    """The relay did not hear an acknowledgement and sent its round again."""
    store = _story("duplicates")
    first, rest = store.records()[:5], store.records()[5:]
    records = [*first, *first, *[again for one in rest for again in (one, one)], *rest[-2:]]
    return play("duplicates", "A whole round comes twice, and single records do.", store, records)


def across_partitions() -> Scene:
    """Kafka promises an order inside a partition only."""
    store = _story("across-partitions")
    records = sorted(store.records(), key=lambda record: -int(record["partition"]))
    about = "One partition is read wholly before the other: what is later comes first."
    return play("across-partitions", about, store, records)


def late_round_first() -> Scene:
    """A log that was emptied begins with a round that was sent before anybody knew."""
    store = Store("late-round-first")
    store.register(ADA, "Ada One", "ada@one.example")
    for number in ("Two", "Three", "Four", "Five", "Six"):
        store.rename(ADA, f"Ada {number}")
    store.register(CYD, "Cyd One")
    for number in ("Two", "Three", "Four"):
        store.rename(CYD, f"Cyd {number}")
    lines = store.records()
    ada, cyd = lines[:6], lines[6:]
    # Partition 3 holds 5 6 1 2 3 4 and nothing else: 5 and 6 must be read a second time.
    records = [*ada[4:], *cyd[2:3], *ada[:4], *cyd]
    about = (
        "The log begins with feed position 5, then comes 1. A reader that goes back at the first"
        " gap goes back for ever; one that never goes back misses the end."
    )
    return play("late-round-first", about, store, records)


def gap() -> Scene:
    """Kafka's retention took the beginning, and a hole stays a hole."""
    store = Store("gap")
    store.register(ADA, "Ada One")
    store.register(BEA, "Bea One")
    for number in ("Two", "Three", "Four"):
        store.rename(ADA, f"Ada {number}")
    store.register(CYD, "Cyd One", "cyd@one.example")
    store.remove_email(CYD, "cyd@one.example")
    store.rename(CYD, "Cyd Two")
    lines = store.records()
    records = [*lines[:2], *lines[4:5], *lines[7:]]
    about = (
        "Feed positions 3 and 4, and the first two of another partition, come from the feed only."
    )
    return play("gap", about, store, records)


def emptied() -> Scene:
    """The broker comes back empty and is filled again, to a length that hides it."""
    store = Store("emptied")
    store.register(ADA, "Ada One")
    store.rename(ADA, "Ada Two")
    store.register(CYD, "Cyd One")
    store.rename(CYD, "Cyd Two")
    before, feed = store.records(), store.pages()
    # Partition 3 held six records and will hold seven; partition 7 held four and will hold four.
    twice = [*before[:2], *before[:2], *before[:2], *before[2:], *before[2:]]
    earlier = Life(twice, feed, key_answers(store))
    for number in ("Three", "Four", "Five", "Six", "Seven"):
        store.rename(ADA, f"Ada {number}")
    for number in ("Three", "Four"):
        store.rename(CYD, f"Cyd {number}")
    about = (
        "The second life of the log is longer in one partition, and as long in the other, as the"
        " offset at which a reader of the first would go on."
    )
    return play("emptied", about, store, earlier=[earlier])


def new_epoch() -> Scene:
    """The store was restored to an earlier moment, and went another way from there."""
    first = Store("new-epoch")
    first.register(ADA, "Ada One", "ada@one.example")
    first.rename(ADA, "Ada Two")
    lost = [first.rename(ADA, "Ada Lost"), first.add_email(ADA, "ada@lost.example")]
    lost += [first.register(CYD, "Cyd Lost"), first.rename(CYD, "Cyd Lost Twice")]
    second = first.copy(epoch=2, until=2)
    second.rename(ADA, "Ada Three")
    second.register(BEA, "Bea One")
    # A leader that does not know goes on in the old epoch, also where the new one is silent.
    late = [told.record() for told in lost]
    records = [*first.records(), *second.records()[:2], *late, *second.records()[2:], *late]
    about = (
        "Epoch 2 begins at 1 again: start over with nothing, and drop what epoch 1 still sends,"
        " also in a partition that has no event of epoch 2: that customer never was."
    )
    return play("new-epoch", about, second, records, restored_from=first)


def unknown() -> Scene:
    """A newer Daybook tells more than this reader was written for."""
    store = Store("unknown")
    store.register(ADA, "Ada One", loyalty={"tier": "gold", "since": [2019, 4]})
    store.tell(ADA, "CustomerPreferredColourChosen", {"colour": "blue"})
    store.tell(ADA, "CustomerLineDrawn", {"to": []}, {"line": "not for this reader"})
    store.rename(ADA, "Ada Two")
    records = [told.record(ce_mood="new", ce_sampledrate="10") for told in store.events]
    about = "Unknown types, members and headers mean nothing, and the mark moves over them."
    return play("unknown", about, store, records)


def erased() -> Scene:
    """Some customers were erased before this reader ever saw them."""
    gone, soon = Who.named("Gone", 3), Who.named("Soon", 7)
    lost = Who.named("Lost", 7)
    store = Store("erased")
    store.register(gone, "nobody can read this", "or@this.example")
    store.rename(gone, "nor this")
    store.register(ADA, "Ada One")
    store.register(soon, "nor this one")
    store.register(lost, "nor that one")
    store.erase(gone)
    store.rename(ADA, "Ada Two")
    about = (
        "The key API answers 410 (destroyed) or 404: the personal fields never were. One has its"
        " CustomerErased on the log already, the others not yet."
    )
    return play("erased", about, store, erased=[gone, soon], lost=[lost])


def forgotten() -> Scene:
    """A customer whom this reader knows is erased."""
    leaver = Who.named("Leaver", 3)
    store = Store("forgotten")
    store.register(leaver, "Leaving Soon", "leaver@one.example")
    store.register(ADA, "Ada One")
    earlier = Life(store.records(), store.pages(), key_answers(store))
    store.add_email(leaver, "leaver@two.example")
    store.erase(leaver)
    store.rename(ADA, "Ada Two")
    about = "Name and address were known in the first life; after CustomerErased nothing is left."
    return play("forgotten", about, store, erased=[leaver], earlier=[earlier])


def large() -> Scene:
    """The largest event that the store takes."""
    addresses = [f"ada{number}@many.example" for number in range(40)]
    sized = Store("large").register(ADA, "Ada One", *addresses, remark="")
    store = Store("large")
    remark = "x" * (LARGEST_EVENT_BYTES - len(sized.data))
    told = store.register(ADA, "Ada One", *addresses, remark=remark)
    if len(told.data) != LARGEST_EVENT_BYTES:
        raise AssertionError(f"the large event has {len(told.data)} bytes")
    store.rename(ADA, "Ada Two")
    return play("large", "One event of 60,000 bytes, the largest there is.", store)


def other_source() -> Scene:
    """Another service writes to the topic, and numbers its own."""
    store = _story("other-source")
    other = Store("other-source", source="/daybook/elsewhere")
    other.register(ADA, "Not Ada")
    for _ in range(4):
        other.rename(ADA, "Still not Ada")
    mixed = [one for pair in zip(other.records(), store.records(), strict=False) for one in pair]
    records = [*mixed, *store.records()[5:]]
    about = "Records of another source have the same types, customers and feed positions."
    return play("other-source", about, store, records)


def not_ours() -> Scene:
    """Somebody's test wrote to the topic by hand."""
    store = _story("not-ours")
    strangers: list[Json] = [
        line(3, None, {}, b"hello?"),
        line(3, ADA.id, {"content-type": "text/plain"}, b"\xff\xfe\x00"),
        line(3, ADA.id, {}, None),
        line(7, CYD.id, {"ce_specversion": "1.0", "ce_type": "CustomerRenamed"}, b"{}"),
    ]
    lines = store.records()
    records = [*strangers[:2], *lines[:3], *strangers[2:], *lines[3:]]
    about = "Records without our headers, without key, without value are nobody's event: pass over."
    return play("not-ours", about, store, records)


def poison() -> Scene:
    """Two events that no reader can apply; the customer of one is erased while it waits."""
    store, moved = Store("poison"), Who.named("Moved", 3)
    store.register(ADA, "Ada One")
    store.register(BEA, "Bea One")
    store.register(moved, "Moved One")
    elsewhere = uuid_of("an event of somebody else")
    store.tell(ADA, "CustomerRenamed", {}, {"name": "Ada Moved"}, sealed_for=elsewhere)
    store.tell(moved, "CustomerRenamed", {}, {"name": "Moved Too"}, sealed_for=elsewhere)
    store.rename(BEA, "Bea Two")
    store.add_email(ADA, "ada@waits.example")
    store.rename(moved, "Moved Three")
    earlier = Life(store.records(), store.pages(), key_answers(store))
    store.erase(moved)
    store.rename(BEA, "Bea Three")
    about = (
        "A JWE whose eid is not the event's id is refused: that event and what follows in its"
        " stream is parked, the others flow, and erasure overtakes what is parked."
    )
    return play("poison", about, store, erased=[moved], earlier=[earlier])


def _story(scene: str) -> Store:
    store = Store(scene)
    store.register(ADA, "Ada One", "ada@one.example")
    store.register(CYD, "Cyd One")
    store.register(BEA, "Bea One")
    store.rename(ADA, "Ada Two")
    store.add_email(ADA, "ada@two.example")
    store.rename(CYD, "赛德 \U0001f600")
    store.remove_email(ADA, "ada@one.example")
    store.rename(BEA, "Bea Two")
    return store
