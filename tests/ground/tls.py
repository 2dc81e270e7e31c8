"""A door that speaks TLS stands before a PostgreSQL server whose build has none."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.clock import SystemClock

HOST = "127.0.0.1"
SOCKET = ".s.PGSQL.5432"
ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that vouches for itself, for this machine; and its key; and both in one."""

    certificate: Path
    key: Path
    both: Path


def certificate_in(folder: Path) -> Certificate:
    """Make one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of a test")])
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    its = Certificate(folder / "server.crt", folder / "server.key", folder / "server.pem")
    for path, content in ((its.certificate, pem), (its.key, secret), (its.both, secret + pem)):
        path.write_bytes(content)
    return its


@asynccontextmanager
async def tls_before(sockets: Path, certificate: Certificate) -> AsyncIterator[int]:
    """Have a port where the server of that socket folder is reached by TLS, and only so."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.certificate, certificate.key)

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            if await reader.readexactly(len(ASKS_FOR_TLS)) == ASKS_FOR_TLS:
                writer.write(b"S")
                await writer.start_tls(context)
                there_reader, there_writer = await asyncio.open_unix_connection(sockets / SOCKET)
                await _pass_both(reader, writer, there_reader, there_writer)
        writer.transport.abort()

    door = await asyncio.start_server(come, HOST, 0)
    try:
        yield door.sockets[0].getsockname()[1]
    finally:
        door.close()


async def _pass_both(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there_reader: asyncio.StreamReader,
    there_writer: asyncio.StreamWriter,
) -> None:
    sides = [
        asyncio.create_task(_pass(reader, there_writer)),
        asyncio.create_task(_pass(there_reader, writer)),
    ]
    try:
        await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for side in sides:
            side.cancel()
        await asyncio.gather(*sides, return_exceptions=True)
        there_writer.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(CHUNK):
        writer.write(piece)
        await writer.drain()
