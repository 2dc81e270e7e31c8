"""Somebody reads why they may not, of which moment that is, and who could help."""

from tests.cli.stand_in import ALICE, Json, StandIn, daybook, lines_of

CUSTOMER = "018f0000-0000-7000-8000-000000000001"
GRANT: Json = {"grant_id": "g-1", "role": "sales_rep", "effect": "allow"}
MOMENT: Json = {
    "as_of": "2026-03-03T12:00:00+00:00", "epoch": 1, "position": 77, "permission": "customer:read",
    "record": {"type": "customer", "id": CUSTOMER, "known": "as_it_was",
        "owner": {"id": ALICE, "name": "Alice"}, "attributes": {}},
}  # fmt: skip
WHY: Json = {
    **MOMENT, "allowed": False, "reason_code": "out_of_scope", "reason": "This lies outside.",
    "who_can_help": "Whoever may give it.", "subject": {"id": "x", "name": "Leo"}, "by": None,
    "considered": [{**GRANT, "scope": "own", "clearance": "internal", "misses": "out_of_scope"}],
    "fixes": [{"step": "give_role", "role": "auditor", "level": 40}],
    "givers": {"roles": ["permission_admin"], "people": [{"id": "e", "name": "Erin"}]},
}  # fmt: skip


def test_a_refusal_of_a_past_moment_is_told_with_what_it_was_made_of() -> None:
    service = StandIn(other={"/v1/explain": WHY})
    asked = ("customer:read", CUSTOMER, "--who", "leo", "--at", "2026-03-03T12:00:00")
    result = daybook(service, "permissions", "explain", *asked, "--as", "bob")
    assert result.exit_code == 0, result.output
    said = lines_of(result.stdout)
    assert said[0] == f"Leo may not customer:read {CUSTOMER}: This lies outside."
    assert said[1] == "record: as it was then, of Alice"
    assert said[3].split() == ["g-1", "sales_rep", "own/internal", "out_of_scope"]
    assert said[5].split() == ["give", "role", "auditor", "—", "40"]
    assert said[6] == "Whoever may give it. For example: Erin."
    moment = "computed for 2026-03-03 12:00:00.000 UTC, from permissions up to change 77"
    assert said[7] == moment
    assert len(service.asked_for("/v1/explain")) == 1


def test_what_is_withheld_is_said_with_who_may_see_it() -> None:
    record = {
        "type": "customer", "id": CUSTOMER, "known": "withheld", "needs": ["customer:read"],
        "who_may_see": {"roles": ["auditor"], "people": [{"id": "d", "name": "Dave"}]},
    }  # fmt: skip
    answer = {**WHY, "allowed": None, "reason_code": "withheld", "reason": "Not yours to see.",
        "fixes": [{"step": "ask_who_may_see_it"}], "record": record}  # fmt: skip
    service = StandIn(other={"/v1/explain": answer})
    result = daybook(service, "permissions", "explain", "customer:read", CUSTOMER, "--as", "bob")
    said = lines_of(result.stdout)
    assert said[0] == f"Leo may or may not customer:read {CUSTOMER}: Not yours to see."
    assert said[2] == "who may see it (customer:read): Dave"


def test_whoever_may_not_be_named_is_said_by_role() -> None:
    nobody = {"roles": ["auditor", "permission_admin"], "people": []}
    record = {
        "type": "customer", "id": CUSTOMER, "known": "withheld", "needs": ["customer:read"],
        "who_may_see": nobody,
    }  # fmt: skip
    service = StandIn(other={"/v1/explain": {**WHY, "givers": nobody, "record": record}})
    result = daybook(service, "permissions", "explain", "customer:read", CUSTOMER, "--as", "bob")
    by_role = "somebody with the role auditor, somebody with the role permission_admin"
    assert f"who may see it (customer:read): {by_role}" in lines_of(result.stdout)
    assert f"Whoever may give it. For example: {by_role}." in lines_of(result.stdout)


def test_who_may_is_listed_with_the_grant() -> None:
    items = [{"id": ALICE, "name": "Alice", "by": GRANT}]
    service = StandIn(other={"/v1/explain/who": {**MOMENT, "items": items}})
    result = daybook(service, "permissions", "who", "customer:read", CUSTOMER, "--as", "bob")
    assert lines_of(result.stdout)[1].split()[:3] == ["Alice", ALICE, "sales_rep"]
