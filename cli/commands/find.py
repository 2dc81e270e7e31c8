"""A customer is found by what somebody remembers of them, and its id is there to copy."""

import click

from cli.client import DaybookClient
from cli.commands.screen import say, say_as_of, show, show_table, shown_name
from cli.commands.session import speaks_as
from cli.customer_answers import Customer


@click.command()
@click.argument("text")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most.")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("alice")
async def find(client: DaybookClient, text: str, limit: int, *, is_json: bool) -> None:
    """Find customers by TEXT in their name or e-mail."""
    page = await client.search(text, limit=limit)
    if is_json:
        show(page.as_json())
    elif page.items:
        show_table(("id", "kind", "version", "name", "e-mails"), [_row(one) for one in page.items])
    else:
        say("Nobody found.")
    say_as_of(page)
    if page.next_page_token is not None:
        say(f"There are more: say more of the name, or --limit {limit * 10}.")


def _row(customer: Customer) -> tuple[str, ...]:
    addresses = ", ".join(email.address or "" for email in customer.emails)
    name = shown_name(customer.name, is_erased=customer.erased)
    return customer.id, customer.kind, str(customer.version), name, addresses
