"""What Daybook is asked over HTTP: the feed, the keys of personal fields; and what it is told."""

import json
import logging
from base64 import urlsafe_b64decode
from http import HTTPStatus
from typing import Any

import httpx
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

import settings
from state import Mark

log = logging.getLogger("daybook")
JOSE = jwe.JWERegistry(algorithms=["dir", "A256GCM"], strict_check_header=False)  # knows no `eid`
PAGE = 1_000
GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
# We were never given this subject's key, or the store was restored to before.
NOTHING_TO_CONFIRM = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}

Json = dict[str, Any]


class UnavailableError(Exception):
    """No answer, or none that says anything: try again later, and conclude nothing."""


class Daybook:
    """Speaks to Daybook as your service account."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._keys: dict[str, OctKey | None] = {}

    def page(self, partition: int, start: int) -> Json:
        """Return a page of the feed, from feed position `start`; no items: that is all there is."""
        where = {"topic": settings.TOPIC, "partition": partition}
        answer = self._ask("GET", "/v1/feed", params={**where, "from": start, "page_size": PAGE})
        if answer.status_code != HTTPStatus.OK:
            raise _refused(answer)
        page: Json = answer.json()
        return page

    def open(self, sealed: str, event_id: str) -> Json | None:
        """Return the personal fields of an event; None if their key was destroyed or never was.

        Raises:
            ValueError: they are another event's, or not what was sealed: this event is poison.
            UnavailableError: nobody knows; never take that for "erased".
        """
        try:
            header = urlsafe_b64decode(sealed.partition(".")[0] + "==")
            key = self._key(json.loads(header)["kid"])
            if key is None:
                return None
            opened = jwe.decrypt_compact(sealed, key, registry=JOSE)
        except (JoseError, KeyError, TypeError) as error:
            raise ValueError("the personal fields cannot be opened") from error
        if opened.protected.get("eid") != event_id:
            raise ValueError("the personal fields belong to another event")
        personal: Json = json.loads(opened.plaintext or b"{}")
        return personal

    def forget_keys(self) -> None:
        """Keep no key longer than a batch: one that is kept outlives the erasure."""
        self._keys.clear()

    def seen(self, epoch: int, marks: dict[int, Mark]) -> None:
        """Tell how far this consumer is; nothing depends on it but what Daybook shows of you."""
        body = {
            "version": settings.VERSION,
            "topic": settings.TOPIC,
            "marks": [
                {"partition": partition, "epoch": epoch, "feed_position": mark.feed_position}
                for partition, mark in sorted(marks.items())
            ],
        }
        try:
            answer = self._ask("PUT", f"/v1/consumers/{settings.NAME}/seen", json=body)
        except UnavailableError as error:
            log.info("not reported: %s", error)
            return
        if answer.is_error:
            log.info("not reported: %s", _refused(answer))

    def confirm(self, subject: str) -> bool:
        """Say that nothing of an erased subject is left here; False: say it again later."""
        path = f"/v1/customers/{subject}/erasure/receipts"
        try:
            answer = self._ask("POST", path, json={})
        except UnavailableError as error:
            log.info("not confirmed: %s", error)
            return False
        if answer.is_error and answer.status_code not in NOTHING_TO_CONFIRM:
            log.info("not confirmed: %s", _refused(answer))
            return False
        return True

    def _key(self, kid: str) -> OctKey | None:
        if kid not in self._keys:
            answer = self._ask("GET", f"/v1/subject-keys/{kid}")
            if answer.status_code == HTTPStatus.OK:
                self._keys[kid] = OctKey.import_key(answer.json())
            elif answer.status_code in GONE:
                self._keys[kid] = None
            else:
                raise _refused(answer)
        return self._keys[kid]

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        try:
            return self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            why = type(error).__name__
            raise UnavailableError(f"Daybook does not answer at {settings.URL} ({why})") from error


def connect() -> Daybook:
    """Return the Daybook of the settings."""

    def signed(request: httpx.Request) -> httpx.Request:
        try:
            token = settings.TOKEN_FILE.read_text().strip()
        except OSError as error:
            raise UnavailableError(f"no token can be read from {settings.TOKEN_FILE}") from error
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return Daybook(httpx.Client(base_url=settings.URL, auth=signed, timeout=10))


def _refused(answer: httpx.Response) -> UnavailableError:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    words = [told.get(name) for name in ("detail", "fix", "who_can_help")]
    said = " ".join(word for word in words if word)
    asked = f"{answer.request.method} {answer.url.path}"
    return UnavailableError(f"{asked}: {answer.status_code} {said}")
