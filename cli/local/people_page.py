"""Whoever opens the issuer in a browser sees who one can be on this machine, and how."""

from collections.abc import Mapping
from html import escape

from shared.authorization.people import Person

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Who you can be · Daybook</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884 }}
code {{ font-size: .95em }}
</style>
<h1>Who you can be</h1>
<p>This machine's token issuer knows these people, asks no password, and is not reached from
elsewhere. It is for trying Daybook out; in production your own OpenID provider signs the
tokens.</p>
<table>
<tr><th>Name<th>Role<th>A token for an hour
{rows}
</table>
</html>
"""
ROW = "<tr><td>{display}<td>{role}<td><code>.venv/bin/daybook token {name}</code>"


def people_page(people: Mapping[str, Person]) -> str:
    """Return the page as HTML."""
    rows = (
        ROW.format(
            display=escape(person.display),
            role=escape(person.role.replace("_", " ")),
            name=escape(name),
        )
        for name, person in people.items()
    )
    return PAGE.format(rows="\n".join(rows))
