"""A personal field is opened by any standard library with its key, and by nothing else."""

import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.registry import HeaderParameter

from cli.local.paths import PROJECT
from shared.security.jwe import (
    SealBrokenError,
    base64url,
    from_base64url,
    key_commitment,
    read_sealed,
    seal,
    unseal,
)

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
CIPHER = AESGCM(KEY)
EVENT, OTHER_EVENT = UUID(int=7), UUID(int=8)
REGISTRY = jwe.JWERegistry(
    header_registry={"eid": HeaderParameter("Event id", "str")}, algorithms=["dir", "A256GCM"]
)
EXAMPLES = Path(PROJECT, "docs/contracts/customers/examples")


def open_sealed(jwe: str, event_id: UUID | str, cipher: AESGCM) -> bytes:
    return unseal(read_sealed(jwe), event_id, cipher)


def _by_joserfc(sealed: str, key: bytes = KEY) -> tuple[dict[str, object], bytes]:
    opened = jwe.decrypt_compact(sealed, OctKey.import_key(key), registry=REGISTRY)
    assert opened.plaintext is not None
    return dict(opened.headers()), opened.plaintext


def _header(**changes: object) -> str:
    members = {"alg": "dir", "enc": "A256GCM", "kid": "ada", "eid": str(EVENT)} | changes
    return base64url(json.dumps(members).encode())


def test_another_library_opens_what_we_sealed(dice: random.Random) -> None:
    for length in (0, 1, 15, 16, 17, 1_000):
        plaintext = dice.randbytes(length)
        headers, opened = _by_joserfc(seal(plaintext, "ada", EVENT, CIPHER))
        assert opened == plaintext
        assert headers == {"alg": "dir", "enc": "A256GCM", "kid": "ada", "eid": str(EVENT)}


def test_we_open_what_another_library_sealed() -> None:
    header = {"alg": "dir", "enc": "A256GCM", "kid": "ada", "eid": str(EVENT), "zip_me": "no"}
    loose = jwe.JWERegistry(
        header_registry={
            "eid": HeaderParameter("Event id", "str"),
            "zip_me": HeaderParameter("Something of theirs", "str"),
        },
        algorithms=["dir", "A256GCM"],
    )
    sealed = jwe.encrypt_compact(header, b"buy milk", OctKey.import_key(KEY), registry=loose)
    assert read_sealed(sealed).kid == "ada"
    assert open_sealed(sealed, EVENT, CIPHER) == b"buy milk"


def test_the_published_example_opens_for_everybody() -> None:
    example = json.loads((EXAMPLES / "CustomerRegistered.1.json").read_text())
    key = from_base64url(example["subject_key"]["k"])
    value, plaintext = json.loads(example["value"]), example["plaintext"].encode()
    event_id, sealed = example["headers"]["ce_id"], value["personal"]
    assert open_sealed(sealed, event_id, AESGCM(key)) == plaintext
    headers, opened = _by_joserfc(sealed, key)
    assert opened == plaintext
    assert headers["eid"] == event_id
    assert headers["kid"] == example["subject_key"]["kid"] == read_sealed(sealed).kid
    assert value["key_commitment"] == key_commitment(key)


def test_the_commitment_is_a_hash_that_anybody_can_compute() -> None:
    digest = sha256(b"daybook-kc" + KEY).digest()
    assert key_commitment(KEY) == urlsafe_b64encode(digest).decode().rstrip("=")


def test_two_seals_of_the_same_text_share_nothing_but_their_header() -> None:
    first, second = (seal(b"x" * 40, "ada", EVENT, CIPHER).split(".") for _ in range(2))
    assert first[0] == second[0]
    assert first[1] == second[1] == ""
    assert all(a != b for a, b in zip(first[2:], second[2:], strict=True))


def test_a_field_that_was_moved_to_another_event_stays_shut() -> None:
    sealed = seal(b"buy milk", "ada", EVENT, CIPHER)
    with pytest.raises(SealBrokenError, match="another event"):
        open_sealed(sealed, OTHER_EVENT, CIPHER)


def test_a_header_that_was_rewritten_for_another_event_stays_shut() -> None:
    _, *rest = seal(b"buy milk", "ada", EVENT, CIPHER).split(".")
    forged = ".".join([_header(eid=str(OTHER_EVENT)), *rest])
    with pytest.raises(SealBrokenError, match="altered"):
        open_sealed(forged, OTHER_EVENT, CIPHER)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(SealBrokenError, match="another key"):
        open_sealed(seal(b"buy milk", "ada", EVENT, CIPHER), EVENT, AESGCM(OTHER_KEY))


def test_no_single_character_can_be_changed(dice: random.Random) -> None:
    sealed = seal(b"buy milk and a lot of honey", "ada", EVENT, CIPHER)
    for place, old in enumerate(sealed):
        new = dice.choice([c for c in "ABCdef012-_.+/=! \n" if c != old])
        forged = sealed[:place] + new + sealed[place + 1 :]
        if _same_bytes(sealed, forged):
            continue
        with pytest.raises(SealBrokenError):
            open_sealed(forged, EVENT, CIPHER)


def _same_bytes(sealed: str, forged: str) -> bool:
    """Whether only bits changed that base64url leaves unused at the end of iv, text or tag."""
    one, two = sealed.split("."), forged.split(".")
    if len(one) != len(two) or one[:2] != two[:2]:
        return False
    try:
        return [from_base64url(part) for part in one] == [from_base64url(part) for part in two]
    except ValueError:
        return False


@pytest.mark.parametrize("part", range(5))
@pytest.mark.parametrize("more", ["!", "=", " ", "\n", "+", "/", "ü"])
def test_other_characters_are_refused_as_the_other_library_refuses_them(
    part: int, more: str
) -> None:
    parts = seal(b"buy milk", "ada", EVENT, CIPHER).split(".")
    parts[part] += more
    forged = ".".join(parts)
    with pytest.raises(SealBrokenError):
        open_sealed(forged, EVENT, CIPHER)
    with pytest.raises((JoseError, ValueError)):
        _by_joserfc(forged)


def _longer_tag(header: str, iv: str, text: str, tag: str) -> str:
    whole = from_base64url(text) + from_base64url(tag)
    return f"{header}..{iv}.{base64url(whole[:-17])}.{base64url(whole[-17:])}"


MALFORMED: dict[str, Callable[[str, str, str, str], str]] = {
    "no parts": lambda *_: "nonsense",
    "empty": lambda *_: "",
    "four parts": lambda h, i, t, g: f"{h}..{i}.{t}",
    "six parts": lambda h, i, t, g: f"{h}..{i}.{t}.{g}.{g}",
    "an encrypted key": lambda h, i, t, g: f"{h}.AAAA.{i}.{t}.{g}",
    "another algorithm": lambda h, i, t, g: f"{_header(alg='A256KW')}..{i}.{t}.{g}",
    "no algorithm": lambda h, i, t, g: f"{_header(alg='none')}..{i}.{t}.{g}",
    "another encryption": lambda h, i, t, g: f"{_header(enc='A128GCM')}..{i}.{t}.{g}",
    "no event": lambda h, i, t, g: f"{_header(eid=None)}..{i}.{t}.{g}",
    "a header that is a list": lambda h, i, t, g: f"{base64url(b'[]')}..{i}.{t}.{g}",
    "a header that is no JSON": lambda h, i, t, g: f"{base64url(b'{')}..{i}.{t}.{g}",
    "a short iv": lambda h, i, t, g: f"{h}..{i[:4]}.{t}.{g}",
    "no iv": lambda h, i, t, g: f"{h}...{t}.{g}",
    "a short tag": lambda h, i, t, g: f"{h}..{i}.{t}.{g[:8]}",
    "a longer tag": _longer_tag,
}


@pytest.mark.parametrize("malformed", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_exactly_our_form_stays_shut(
    malformed: Callable[[str, str, str, str], str],
) -> None:
    header, _, iv, text, tag = seal(b"buy milk", "ada", EVENT, CIPHER).split(".")
    with pytest.raises(SealBrokenError):
        open_sealed(malformed(header, iv, text, tag), EVENT, CIPHER)


def test_a_header_without_a_key_reference_is_refused() -> None:
    without = base64url(b'{"alg":"dir","enc":"A256GCM"}')
    with pytest.raises(SealBrokenError, match="no kid"):
        read_sealed(f"{without}....")
