"""A Daybook-Token survives the way out and back; what is not one is refused, never guessed."""

import random

import pytest

from shared.errors import InvalidInputError
from shared.eventstore.tokens import TokenPart, parse_token


def test_a_token_reads_service_epoch_partition_txid_position() -> None:
    assert str(TokenPart("customers", 1, 7, 1234, 567)) == "customers:1:7:1234:567"
    assert parse_token("customers:1:7:1234:567") == (TokenPart("customers", 1, 7, 1234, 567),)


def test_several_parts_are_joined_by_commas_and_spaces_do_not_matter() -> None:
    parts = (TokenPart("customers", 1, 0, 10, 9), TokenPart("sync_2", 3, 11, 2**63 - 1, 0))
    assert parse_token(",".join(map(str, parts))) == parts
    assert parse_token(f" {parts[0]} , {parts[1]},") == parts
    assert parse_token("") == ()


def test_any_token_comes_back_as_it_was(dice: random.Random) -> None:
    for _ in range(1_000):
        numbers = [dice.getrandbits(dice.randint(1, 63)) for _ in range(4)]
        part = TokenPart(dice.choice(["customers", "audit", "a1"]), *numbers)
        assert parse_token(str(part)) == (part,)


@pytest.mark.parametrize(
    "text",
    [
        "customers",
        "customers:1:7:1234",
        "customers:1:7:1234:567:8",
        "customers:1:7:1234:",
        ":1:7:1234:567",
        "customers:-1:7:1234:567",
        "customers:1:7:1234:5.7",
        "customers:1:7:1234:0x10",
        "customers:1:7:1234:٣",
        "customers:1:7:1234:²",
        "cust omers:1:7:1234:567",
        "cüstomers:1:7:1234:567",
        f"customers:1:7:{2**63}:567",
        f"customers:1:7:{'9' * 5_000}:567",
        "customers:1:7:1234:567,nonsense",
        ",".join(["customers:1:7:1234:567"] * 33),
        "customers:1:7:1 234:567",
        "\x00:1:7:1234:567",
    ],
)
def test_what_is_not_a_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_token(text)
    assert refused.value.field == "Daybook-Token"
