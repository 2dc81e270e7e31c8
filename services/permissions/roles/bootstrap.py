"""The bootstrap role: Daybook is set up once, with its default policy and a first administrator."""

from asyncio import Event as Signal
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.permissions.application.commands import PermissionCommands
from services.permissions.application.policy_book import PolicyBook
from services.permissions.application.policy_files import DEFAULT, PolicyFiles
from services.permissions.domain.deciding import ALREADY_SET_UP
from services.permissions.roles.service import SERVICE
from shared.clock import SystemClock
from shared.errors import InvalidInputError, RuleBrokenError
from shared.eventstore.store import EventStore
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.security.master_key import MasterKeyFiles
from shared.security.subject_keys import SubjectKeys
from shared.settings import SecuritySettings, StoreSettings


class BootstrapSettings(BaseSettings):
    """What Daybook is set up with."""

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_BOOTSTRAP_", frozen=True)

    people: Path | None = Field(
        None,
        description="A policy file with the first administrator: demo/people.yaml.",
    )


async def bootstrap(stores: StoreSettings, security: SecuritySettings) -> str:
    """Apply the default policy and the file with the first administrator; return what came of it.

    Where Daybook is set up already nothing happens, and that is said: it may be run with every
    start, and never gives anything to anybody a second time.

    Raises:
        RuleBrokenError: there would be no administrator.
        InvalidInputError: no file is named, or it is no policy file.
        UnavailableError: a server does not answer.
    """
    files = [DEFAULT, _people(BootstrapSettings().people)]
    texts = [path.read_text() for path in files]
    truth = Lanes(dsn_for(stores.truth_dsn, "api"), 1, application_name="permissions-bootstrap")
    keys = Lanes(dsn_for(stores.keys_dsn, "api"), 1, application_name="permissions-bootstrap")
    try:
        await truth.open()
        await keys.open()
        outcome = await _files(truth, keys, security).set_up(texts, by=SERVICE.account)
    except RuleBrokenError as refused:
        if refused.problem_code != ALREADY_SET_UP:
            raise
        return f"nothing was changed: {refused.detail}\n"
    finally:
        await truth.close()
        await keys.close()
    return f"set up with {len(outcome.facts)} events, from {', '.join(map(str, files))}\n"


def _people(path: Path | None) -> Path:
    if path is None or not path.is_file():
        raise InvalidInputError(
            "no file names the first administrator",
            field="DAYBOOK_BOOTSTRAP_PEOPLE",
            fix="name a policy file with somebody who has the role permission_admin",
        )
    return path


def _files(truth: Lanes, key_lanes: Lanes, security: SecuritySettings) -> PolicyFiles:
    clock = SystemClock()
    keys = SubjectKeys(key_lanes, MasterKeyFiles(security.secrets_dir))
    book = PolicyBook(truth, keys)
    store = EventStore(truth, SERVICE.name, SERVICE.topic.partitions)
    return PolicyFiles(book, PermissionCommands(store, book, keys, clock, Signal()), clock)
