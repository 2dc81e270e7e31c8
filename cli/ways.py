"""Another machine may be behind a proxy of the environment; none stands before this machine."""

import httpx

from cli.addresses import is_local

# A watched service sends a comment every 15 s; twice that in silence is a dead connection.
TIMEOUT = httpx.Timeout(30, connect=5)


class Ways:
    """The connections to this machine and those to others, opened when they are needed."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._by_place: dict[bool, httpx.AsyncClient] = {}

    def to(self, address: str | httpx.URL) -> httpx.AsyncClient:
        """Return what speaks to an address."""
        is_far = not is_local(address)
        if is_far not in self._by_place:
            self._by_place[is_far] = httpx.AsyncClient(
                transport=self._transport, timeout=TIMEOUT, trust_env=is_far
            )
        return self._by_place[is_far]

    async def close(self) -> None:
        """Close the connections."""
        for http in self._by_place.values():
            await http.aclose()
