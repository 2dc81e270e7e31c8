"""The commands of `daybook` that speak to a running system, each in a module of its name."""

import click

from cli.commands.activity import activity
from cli.commands.consumers import consumers
from cli.commands.customers import customers
from cli.commands.emergencies import COMMANDS as EMERGENCIES
from cli.commands.erasures import access_file, erase, erasure, erasures
from cli.commands.explaining import explain, who
from cli.commands.exporting import export_customers
from cli.commands.fields import fields
from cli.commands.find import find
from cli.commands.findings import findings
from cli.commands.granting import COMMANDS as GRANTING
from cli.commands.importing import import_command
from cli.commands.imports import imports
from cli.commands.lag import lag
from cli.commands.leavers import leavers
from cli.commands.parked import parked
from cli.commands.permissions import permissions
from cli.commands.person import person
from cli.commands.projections import projections
from cli.commands.reviewing import reviews
from cli.commands.subscribe import subscribe
from cli.commands.tape import tape
from cli.commands.token import token
from cli.commands.verifying import replay, verify
from cli.commands.watch import watch
from cli.commands.what_if import what_if

COMMANDS = (
    find,
    customers,
    watch,
    activity,
    import_command,
    imports,
    fields,
    token,
    lag,
    permissions,
    leavers,
    projections,
    parked,
    verify,
    replay,
    consumers,
    tape,
    subscribe,
    erasures,
)

for _command in (export_customers, erase, erasure, access_file):
    customers.add_command(_command)
for _command in (explain, who, person, *GRANTING, *EMERGENCIES, what_if, reviews, findings):
    permissions.add_command(_command)


def register(group: click.Group) -> None:
    """Add the commands to `daybook`."""
    for command in COMMANDS:
        group.add_command(command)
