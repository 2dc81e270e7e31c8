"""The catalogue leads to everything that is published about an event."""

import re

from tests.contracts.published import CONTRACTS, FOLDER, TOPICS

PAGE = (FOLDER / "README.md").read_text()


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert len(links) > len(CONTRACTS)
    assert [link for link in links if not (FOLDER / link).exists()] == []


def test_every_topic_says_whose_it_is_and_how_it_is_cut() -> None:
    for topic in TOPICS:
        published = topic.published
        part = PAGE.split(f"\n## {published.topic.name}\n")[1].split("\n## ")[0]
        assert f"| **owner** | {published.owner} |" in part
        assert f"| **partitions** | {published.topic.partitions}, for ever |" in part
        assert f"| **key** | {published.key} |" in part


def test_every_event_says_what_it_means_and_leads_to_schema_and_example() -> None:
    for topic, name in CONTRACTS:
        folder = topic.published.folder
        kind = name.partition(".")[0]
        _, *told = PAGE.split(f"\n### {kind}\n")
        # Each service tells of its own canaries.
        [part] = [p for each in told if f"({folder}/" in (p := each.split("\n### ")[0])]
        assert f"({folder}/{name}.json)" in part
        assert f"({folder}/examples/{name}.json)" in part
        [contract] = [c for c in topic.all if c.name == name]
        assert contract.meaning in part


def test_a_field_is_shown_with_its_form_and_meaning() -> None:
    assert (
        "| `kind` | `person` or `organisation` | always "
        "| Whether the customer is a person or an organisation. |" in PAGE
    )
    assert "| `personal.emails` | list of object | if known |" in PAGE
