"""No route of the permissions service is open by mistake."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from shared.authorization.permissions import Permission
from shared.web.routes import assert_every_route_is_guarded
from tests.customers.api.asking import assert_not_signed_in, read
from tests.ground.rights import decisions_after_leaving
from tests.ground.routes import LEFT, assert_only_the_right_get_in, declared, filled, needs
from tests.ground.servers import Servers, new_databases
from tests.permissions.api.desk import Desk, a_desk

HERE = Path(__file__).parent
EVERY_ROUTE = {
    ("GET", "/v1/feed"): Permission.FEED_READ,
    ("GET", "/v1/feed/digest"): Permission.FEED_READ,
    ("GET", "/v1/lag"): Permission.LAG_READ,
    ("GET", "/v1/parked"): Permission.PROJECTIONS_OPERATE,
    ("GET", "/v1/projections"): Permission.PROJECTIONS_OPERATE,
    ("POST", "/v1/projections/{name}/orders"): Permission.PROJECTIONS_OPERATE,
    ("GET", "/v1/projections/{name}/orders/{order_id}"): Permission.PROJECTIONS_OPERATE,
    ("POST", "/access/v1/evaluation"): Permission.EVALUATIONS_ASK,
    ("POST", "/access/v1/evaluations"): Permission.EVALUATIONS_ASK,
    ("POST", "/access/v1/search/subject"): Permission.EVALUATIONS_ASK,
    ("POST", "/access/v1/search/resource"): Permission.EVALUATIONS_ASK,
    ("POST", "/access/v1/search/action"): Permission.EVALUATIONS_ASK,
    ("POST", "/v1/explain"): Permission.EXPLANATIONS_READ,
    ("POST", "/v1/explain/who"): Permission.EXPLANATIONS_READ,
    ("GET", "/v1/policy"): Permission.POLICY_READ,
    ("GET", "/v1/permissions"): Permission.POLICY_READ,
    ("GET", "/v1/data-classes"): Permission.POLICY_READ,
    ("PUT", "/v1/data-classes/{resource_type}/{field}"): Permission.POLICY_CHANGE,
    ("DELETE", "/v1/data-classes/{resource_type}/{field}"): Permission.POLICY_CHANGE,
    ("GET", "/v1/sod-rules"): Permission.POLICY_READ,
    ("PUT", "/v1/sod-rules/{rule}"): Permission.POLICY_CHANGE,
    ("DELETE", "/v1/sod-rules/{rule}"): Permission.POLICY_CHANGE,
    ("GET", "/v1/roles"): Permission.ROLES_READ,
    ("GET", "/v1/roles/{role}"): Permission.ROLES_READ,
    ("PUT", "/v1/roles/{role}"): Permission.ROLES_CHANGE,
    ("POST", "/v1/roles/{role}/retire"): Permission.ROLES_CHANGE,
    ("POST", "/v1/roles/{role}/reinstate"): Permission.ROLES_CHANGE,
    ("PUT", "/v1/roles/{role}/permissions/{permission}"): Permission.ROLES_CHANGE,
    ("PUT", "/v1/roles/{role}/parents/{parent}"): Permission.ROLES_CHANGE,
    ("DELETE", "/v1/roles/{role}/parents/{parent}"): Permission.ROLES_CHANGE,
    ("GET", "/v1/leavers"): Permission.LEAVERS_READ,
    ("GET", "/v1/leavers/{subject_id}"): Permission.LEAVERS_READ,
    ("GET", "/v1/findings"): Permission.FINDINGS_READ,
    ("GET", "/v1/findings/{finding_id}"): Permission.FINDINGS_READ,
    ("POST", "/v1/findings/{finding_id}/remedy"): Permission.GRANTS_REVOKE,
    ("GET", "/v1/reviews"): Permission.REVIEWS_READ,
    ("POST", "/v1/reviews"): Permission.REVIEWS_START,
    ("GET", "/v1/reviews/key"): Permission.REVIEWS_READ,
    ("GET", "/v1/reviews/{review_id}"): Permission.REVIEWS_READ,
    ("GET", "/v1/reviews/{review_id}/items"): Permission.REVIEWS_READ,
    ("GET", "/v1/reviews/{review_id}/dry-run"): Permission.REVIEWS_START,
    ("GET", "/v1/reviews/{review_id}/report"): Permission.REVIEWS_READ,
    ("POST", "/v1/reviews/{review_id}/decisions"): Permission.REVIEWS_DECIDE,
    ("POST", "/v1/reviews/{review_id}/delegations"): Permission.REVIEWS_DECIDE,
    ("POST", "/v1/reviews/{review_id}/silence"): Permission.REVIEWS_START,
    ("POST", "/v1/reviews/{review_id}/sign-off"): Permission.REVIEWS_START,
    ("GET", "/v1/teams"): Permission.TEAMS_READ,
    ("POST", "/v1/teams"): Permission.TEAMS_CHANGE,
    ("GET", "/v1/teams/{team_id}"): Permission.TEAMS_READ,
    ("POST", "/v1/teams/{team_id}/rename"): Permission.TEAMS_CHANGE,
    ("POST", "/v1/teams/{team_id}/dissolve"): Permission.TEAMS_CHANGE,
    ("GET", "/v1/subjects"): Permission.PEOPLE_READ,
    ("POST", "/v1/subjects"): Permission.PEOPLE_CHANGE,
    ("GET", "/v1/subjects/{subject_id}"): Permission.PEOPLE_READ,
    ("GET", "/v1/subjects/{subject_id}/access"): Permission.PEOPLE_READ,
    ("POST", "/v1/subjects/{subject_id}/move"): Permission.PEOPLE_CHANGE,
    ("POST", "/v1/subjects/{subject_id}/describe"): Permission.PEOPLE_CHANGE,
    ("POST", "/v1/subjects/{subject_id}/attributes"): Permission.PEOPLE_CHANGE,
    ("POST", "/v1/subjects/{subject_id}/sod-exceptions"): Permission.SOD_EXCEPT,
    ("POST", "/v1/subjects/{subject_id}/sod-exceptions/withdraw"): Permission.SOD_EXCEPT,
    ("POST", "/v1/subjects/{subject_id}/trust"): Permission.PEOPLE_CHANGE,
    ("POST", "/v1/subjects/{subject_id}/distrust"): Permission.PEOPLE_CHANGE,
    ("POST", "/v1/subjects/{subject_id}/suspend"): Permission.PEOPLE_CHANGE,
    ("POST", "/v1/subjects/{subject_id}/reinstate"): Permission.PEOPLE_CHANGE,
    ("POST", "/v1/subjects/{subject_id}/leave"): Permission.PEOPLE_CHANGE,
    ("POST", "/v1/policy"): Permission.POLICY_CHANGE,
    ("POST", "/v1/what-if"): Permission.WHAT_IF_ASK,
    ("POST", "/v1/policy/approvals"): Permission.POLICY_CHANGE,
    ("POST", "/v1/grants"): Permission.GRANTS_GIVE,
    ("GET", "/v1/grants"): Permission.GRANTS_READ,
    ("POST", "/v1/grants/extend"): Permission.GRANTS_GIVE,
    ("POST", "/v1/grants/reduce"): Permission.GRANTS_REVOKE,
    ("POST", "/v1/grants/revoke"): Permission.GRANTS_REVOKE,
    ("POST", "/v1/grants/break-glass"): Permission.GRANTS_BREAK_GLASS,
    ("POST", "/v1/grants/review"): Permission.REVIEWS_DECIDE,
    ("POST", "/v1/acting"): Permission.PEOPLE_ACT_AS,
    ("POST", "/v1/acting/end"): Permission.PEOPLE_ACT_AS,
    ("GET", "/v1/acting"): Permission.GRANTS_READ,
    ("GET", "/v1/requests"): Permission.GRANTS_READ,
    ("GET", "/v1/requests/options"): Permission.GRANTS_REQUEST,
    ("POST", "/v1/requests"): Permission.GRANTS_REQUEST,
    ("POST", "/v1/requests/withdraw"): Permission.GRANTS_REQUEST,
    ("POST", "/v1/requests/refuse"): Permission.GRANTS_APPROVE,
    ("GET", "/v1/approvals"): Permission.GRANTS_APPROVE,
    ("POST", "/v1/approvals"): Permission.GRANTS_APPROVE,
    ("POST", "/v1/explain/decisions"): Permission.DECISIONS_READ,
    ("GET", "/v1/snapshot"): Permission.PERMISSIONS_FOLLOW,
    ("GET", "/scim/v2/ServiceProviderConfig"): Permission.PEOPLE_PROVISION,
    ("GET", "/scim/v2/ResourceTypes"): Permission.PEOPLE_PROVISION,
    ("GET", "/scim/v2/ResourceTypes/{id}"): Permission.PEOPLE_PROVISION,
    ("GET", "/scim/v2/Schemas"): Permission.PEOPLE_PROVISION,
    ("GET", "/scim/v2/Schemas/{id}"): Permission.PEOPLE_PROVISION,
    ("POST", "/scim/v2/.search"): Permission.PEOPLE_PROVISION,
    ("POST", "/scim/v2/Users/.search"): Permission.PEOPLE_PROVISION,
    ("GET", "/scim/v2/Users"): Permission.PEOPLE_PROVISION,
    ("POST", "/scim/v2/Users"): Permission.PEOPLE_PROVISION,
    ("GET", "/scim/v2/Users/{id}"): Permission.PEOPLE_PROVISION,
    ("PUT", "/scim/v2/Users/{id}"): Permission.PEOPLE_PROVISION,
    ("PATCH", "/scim/v2/Users/{id}"): Permission.PEOPLE_PROVISION,
    ("DELETE", "/scim/v2/Users/{id}"): Permission.PEOPLE_PROVISION,
    ("POST", "/scim/v2/Groups/.search"): Permission.PEOPLE_PROVISION,
    ("GET", "/scim/v2/Groups"): Permission.PEOPLE_PROVISION,
    ("POST", "/scim/v2/Groups"): Permission.PEOPLE_PROVISION,
    ("GET", "/scim/v2/Groups/{id}"): Permission.PEOPLE_PROVISION,
    ("PUT", "/scim/v2/Groups/{id}"): Permission.PEOPLE_PROVISION,
    ("PATCH", "/scim/v2/Groups/{id}"): Permission.PEOPLE_PROVISION,
    ("DELETE", "/scim/v2/Groups/{id}"): Permission.PEOPLE_PROVISION,
}
"""Every route with the permission that was meant for it; a new one is one more line here."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with new_databases(servers) as databases, a_desk(databases) as its:
        yield its


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shipped(desk: Desk) -> AsyncIterator[Desk]:
    async with a_desk(desk.databases, decisions_after_leaving(LEFT)) as its:
        yield its


async def test_each_route_needs_the_permission_that_was_meant(desk: Desk) -> None:
    assert needs(desk.app) == EVERY_ROUTE
    assert_every_route_is_guarded(desk.app)
    assert len(declared(desk.app)) == len(desk.app.router.routes)


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
async def test_nobody_gets_in_without_signing_in(desk: Desk, method: str, path: str) -> None:
    answer = await desk.client(None).request(method, filled(path))
    if path.startswith("/scim/"):
        assert (answer.status_code, answer.json()["status"]) == (401, "401")
    else:
        assert_not_signed_in(answer)


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
async def test_exactly_those_with_the_permission_get_in(
    shipped: Desk, method: str, path: str
) -> None:
    permission = EVERY_ROUTE[method, path]
    await assert_only_the_right_get_in(shipped.client, method, path, permission)


async def test_anybody_may_ask_whether_it_lives_and_what_it_offers(desk: Desk) -> None:
    for path in ("/livez", "/readyz", "/openapi.json"):
        assert (await desk.client(None).get(path)).status_code == 200
    described = read(await desk.client(None).get("/openapi.json"))
    assert described["info"]["title"] == "Daybook permissions"


async def test_the_feed_has_one_partition_and_the_records_twelve(desk: Desk) -> None:
    dave = desk.client("dave")

    async def status(topic: str, partition: int) -> int:
        asked = {"topic": topic, "partition": str(partition)}
        answer: httpx.Response = await dave.get("/v1/feed", params=asked)
        return answer.status_code

    assert await status("daybook.permissions.v1", 0) == 200
    assert await status("daybook.permissions.v1", 1) == 422
    assert await status("daybook.access.v1", 11) == 200
    assert await status("daybook.access.v1", 12) == 422
    assert await status("daybook.customers.v1", 0) == 422
