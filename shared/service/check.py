"""The check role: a start asks whether the store went back in time, an operator may ask before."""

import asyncpg

from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.store_check import StoreCheck, StoreReport
from shared.service.service import Service
from shared.settings import StoreSettings


async def check_store(service: Service, stores: StoreSettings) -> tuple[StoreReport, int]:
    """Check the store, mend what was found, and return that and the epoch that holds now.

    Only here is a store renumbered: it takes the owner, and as long as writing every row anew.

    Raises:
        UnavailableError: one of the servers does not answer.
    """
    truth = Lanes(dsn_for(stores.truth_dsn, "api"), 1, application_name=f"{service.name}-check")
    views = Lanes(dsn_for(stores.views_dsn, "api"), 1, application_name=f"{service.name}-check")
    try:
        await truth.open()
        await views.open()
        check = StoreCheck(truth, views, service.source, service.topic.name)
        owner = await asyncpg.connect(dsn_for(stores.truth_dsn, "migrate"))
        try:
            await owner.execute(f'set role "{service.owner}"')
            return await check.check(owner), await check.epoch()
        finally:
            await owner.close()
    finally:
        await truth.close()
        await views.close()


def lines_of(report: StoreReport, epoch: int) -> list[str]:
    """Return what was found as a person reads it, one line per check, and what follows."""
    lines = [
        f"{finding.check:<13} {'ok' if finding.problem is None else 'FOUND':<6}"
        f" {finding.problem or finding.looked_at}"
        for finding in report.findings
    ]
    lines.append("Kafka         -      the relay looks when it starts")
    if report.problems:
        done = "the log was renumbered, " if report.must_be_renumbered else ""
        lines.append(
            f"epoch {report.epoch} -> {epoch}: {done}everything is published anew, and whoever"
            " follows starts over"
        )
    else:
        lines.append(f"epoch {epoch}: nothing went back in time")
    return lines
