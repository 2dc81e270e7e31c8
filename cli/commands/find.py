"""A customer is found by what somebody remembers of them, and its id is there to copy."""

import click

from cli.client import DaybookClient
from cli.commands.screen import NOTHING, say, say_as_of, show, show_table, shown_name
from cli.commands.session import speaks_as
from cli.customer_answers import Customer, CustomerPage

STAGES = ("lead", "prospect", "active", "dormant", "closed")
SORTS = ("name", "-name", "changed_at", "-changed_at", "registered_at", "-registered_at")
FILTERS = ("stage", "owner", "organisation", "tag", "kind", "country", "archived", "sort")


@click.command()
@click.argument("text", default="")
@click.option("--stage", type=click.Choice(STAGES), help="Only this stage.")
@click.option("--owner", help="Only customers of this owner: a subject id.")
@click.option("--organisation", help="Only people with a role in this organisation: its id.")
@click.option("--tag", multiple=True, help="Only with this tag; may be repeated.")
@click.option("--kind", type=click.Choice(("person", "organisation")), help="Only this kind.")
@click.option("--country", help="Only in this country: two letters.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=VALUE",
    help="Only with this value of a custom field; may be repeated.",
)
@click.option(
    "--archived",
    type=click.Choice(("false", "true", "any")),
    help="Archived ones: none, only, too.",
)
@click.option("--sort", type=click.Choice(SORTS), help="By what; the minus turns it round.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most.")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("alice")
async def find(
    client: DaybookClient,
    text: str,
    fields: tuple[str, ...],
    limit: int,
    *,
    is_json: bool,
    **filters: str | tuple[str, ...] | None,
) -> None:
    """Find customers by TEXT: part of a name, an e-mail address, a phone number, an address.

    Chinese names also as they sound (pinyin) or by its initials. Without TEXT everybody whom the
    filters leave.
    """
    given = {name: filters[name] for name in FILTERS if filters[name]}
    page = await client.search(text, limit=limit, filters=given | _custom(fields))
    if is_json:
        show(page.as_json())
    elif page.items:
        _show(page, is_found=bool(text))
    else:
        say("Nobody found.")
    say_as_of(page)
    if page.advice is not None:
        say(page.advice)
    elif page.next_page_token is not None:
        say(f"There are more: say more of the name, or --limit {limit * 10}.")


def _custom(fields: tuple[str, ...]) -> dict[str, str | tuple[str, ...] | None]:
    """Return custom fields as the service names them."""
    for field in fields:
        if "=" not in field:
            raise click.UsageError(f"--field {field}: write NAME=VALUE")
    return {f"custom.{name}": value for name, _, value in (f.partition("=") for f in fields)}


def _show(page: CustomerPage, *, is_found: bool) -> None:
    headings: tuple[str, ...] = ("id", "kind", "version", "name", "e-mails")
    rows = [_row(customer) for customer in page.items]
    if is_found:
        headings += ("why",)
        rows = [(*row, _why(customer)) for row, customer in zip(rows, page.items, strict=True)]
    show_table(headings, rows)


def _row(customer: Customer) -> tuple[str, ...]:
    emails = customer.emails
    if not isinstance(emails, str):
        emails = ", ".join(email.address or "" for email in emails)
    name = shown_name(customer.name, is_erased=customer.erased)
    return customer.id, customer.kind or NOTHING, str(customer.version), name, emails


def _why(customer: Customer) -> str:
    """Return in which field the text stands, and how."""
    return ", ".join(f"{match.field}: {match.how}" for match in customer.matched) or NOTHING
