"""Somebody else's directory: a running scim2-server, with people who join, move and leave."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.ground.broker import free_port
from tests.permissions.scim.asking import ENTERPRISE, GROUP, PATCH, SCIM, USER

_SERVING = re.compile(r"Serving SCIM on (\S+)")


@contextmanager
def running_directory() -> Iterator["Directory"]:
    """Yield a directory in a process of its own, on a free port of this machine."""
    command = [sys.executable, "-m", "scim2_server.testserver.cli", "--hostname", "127.0.0.1"]
    with subprocess.Popen(  # noqa: S603 - our own
        [*command, "--port", str(free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            found = _SERVING.search(process.stdout.readline())
            assert found is not None
            with httpx.Client(base_url=found[1], timeout=60) as http:
                yield Directory(http)
        finally:
            process.terminate()


class Directory:
    """What somebody does in it."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def hire(self, user_name: str, manager: str | None = None, **more: Any) -> str:  # noqa: ANN401
        """Let somebody join and return the id."""
        place: dict[str, Any] = {"department": more.pop("department", "Sales / EMEA")}
        if manager is not None:
            place["manager"] = {"value": manager, "$ref": f"{self.http.base_url}Users/{manager}"}
        emails = [{"value": f"{user_name}@example.org", "type": "work", "primary": True}]
        told = {"userName": user_name, "active": True, "emails": emails, ENTERPRISE: place, **more}
        return self._post("/Users", {"schemas": [USER, ENTERPRISE], **told})

    def form(self, display_name: str, *members: str) -> str:
        """Form a group and return its id."""
        told = [{"value": one, "type": "User"} for one in members]
        return self._post(
            "/Groups", {"schemas": [GROUP], "displayName": display_name, "members": told}
        )

    def patch(self, path: str, *operations: dict[str, Any]) -> None:
        """Change something."""
        body = {"schemas": [PATCH], "Operations": list(operations)}
        assert self.http.patch(path, json=body, headers=SCIM).status_code in {200, 204}

    def delete(self, path: str) -> None:
        """Remove something for good."""
        assert self.http.delete(path).status_code == 204

    def _post(self, path: str, body: dict[str, Any]) -> str:
        answer = self.http.post(path, json=body, headers=SCIM)
        assert answer.status_code == 201, answer.text
        made: str = answer.json()["id"]
        return made
