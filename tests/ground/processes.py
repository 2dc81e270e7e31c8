"""Programs that a test starts end with the test, and what they said can be read back."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cli.local.environment import bare
from cli.local.paths import PROJECT
from shared.settings import KafkaSettings
from tests.ground.children import dies_with_us
from tests.ground.servers import Databases

MASTER_KEY = b"\x07" * 32
SERVICE_KEY = b"\x08" * 32
END_WITHIN_SECONDS = 5.0


def make_secrets(folder: Path) -> Path:
    """Write the secrets of a service process: the same that a House uses, so both can read keys."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, key in (
        ("master.key", MASTER_KEY),
        ("service.key", SERVICE_KEY),
        ("client.secret", b"a-secret"),
    ):
        (folder / name).write_bytes(key)
        (folder / name).chmod(0o600)
    return folder


def service_env(
    databases: Databases,
    kafka: KafkaSettings,
    secrets_dir: Path,
    port: int = 0,
    **more: str,
) -> dict[str, str]:
    """Return the whole environment of a service process; `more` are variables by name.

    Its topic has a fixed name: give it a broker of the test's own.
    """
    return {
        **bare(),
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "DAYBOOK_STORE_TRUTH_DSN": databases.truth_dsn,
        "DAYBOOK_STORE_VIEWS_DSN": databases.views_dsn,
        "DAYBOOK_STORE_KEYS_DSN": databases.keys_dsn,
        "DAYBOOK_KAFKA_MODE": kafka.mode,
        "DAYBOOK_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "DAYBOOK_KAFKA_REPLICATION": str(kafka.replication),
        "DAYBOOK_KAFKA_SESSION_TIMEOUT_MS": str(kafka.session_timeout_ms),
        "DAYBOOK_SECURITY_SECRETS_DIR": str(make_secrets(secrets_dir)),
        "DAYBOOK_SECURITY_LEDGER_DIR": str(databases.ledger_dir),
        "DAYBOOK_SERVICE_PORT": str(port),
        "DAYBOOK_SERVICE_REQUESTS_PER_SECOND": "0",
        "DAYBOOK_OBSERVABILITY_TRACE_SHARE": "0",
        "DAYBOOK_OBSERVABILITY_METRICS_PORT": "0",
        **more,
    }


class Running:
    """A program of ours under way."""

    def __init__(self, process: asyncio.subprocess.Process, said: Path) -> None:
        self._process = process
        self._said = said
        self._all_it_said: str | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    def kill(self) -> None:
        """End it at once, with nothing tidied up (kill -9)."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    async def wait(self) -> int:
        """Return its exit code once it ended (negative: the signal)."""
        return await self._process.wait()

    def output(self) -> str:
        """Return all that it said until now, also after its end."""
        if self._all_it_said is not None:
            return self._all_it_said
        return self._said.read_text(errors="replace")

    async def end(self) -> None:
        """End it, if need be with force."""
        if self.is_alive:
            self.terminate()
            try:
                await asyncio.wait_for(self.wait(), END_WITHIN_SECONDS)
            except TimeoutError:
                self.kill()
        await self.wait()
        self._all_it_said = self.output()


@asynccontextmanager
async def running(module: str, *arguments: str, env: Mapping[str, str]) -> AsyncIterator[Running]:
    """Run `python -m module arguments` for as long as the body of the `with`."""
    command = (sys.executable, "-m", module, *arguments)
    async with running_command(command, env) as program:
        yield program


@asynccontextmanager
async def running_command(
    command: Sequence[str], env: Mapping[str, str], cwd: Path = PROJECT
) -> AsyncIterator[Running]:
    """Run a command for as long as the body of the `with`."""
    with tempfile.TemporaryDirectory(prefix="daybook-said-") as folder:
        said = Path(folder) / "output"
        with said.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=dict(env),
                cwd=cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=dies_with_us(signal.SIGKILL),
            )
        program = Running(process, said)
        try:
            yield program
        finally:
            await program.end()
