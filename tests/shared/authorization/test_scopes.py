"""Rights are measured on ladders, and a ladder's order is never the alphabet's."""

from itertools import pairwise

import orjson
import pytest

from shared.authorization.scopes import Clearance, Risk, Scope

LADDERS = {
    Scope: "own team department all",
    Clearance: "public internal confidential restricted",
    Risk: "low normal high critical",
}


@pytest.mark.parametrize("ladder", LADDERS)
def test_the_order_is_the_ladders(ladder: type[Scope]) -> None:
    words = [ladder(word) for word in LADDERS[ladder].split()]
    assert sorted(words) == words
    assert (min(words), max(words)) == (words[0], words[-1])
    assert [word.rank for word in words] == [0, 1, 2, 3]
    for lower, higher in pairwise(words):
        assert lower < higher
        assert lower <= higher
        assert higher > lower
        assert higher >= lower
        assert lower >= lower.value


def test_a_word_is_itself_in_json_and_as_a_key() -> None:
    assert orjson.dumps({"scope": Scope.OWN}) == b'{"scope":"own"}'
    assert {"own": 1}[Scope.OWN] == 1


def test_another_word_is_on_no_ladder() -> None:
    with pytest.raises(ValueError, match="is not a valid Scope"):
        assert Scope.ALL > "everything"
