"""Whatever happens in a directory of somebody else's make, a push of it leaves ours equal."""

from scim2_models import ScimProvider

from services.permissions.api.scim.schema import PROVIDER
from tests.permissions.scim.asking import ENTERPRISE, ScimClient, Stage
from tests.permissions.scim.directory import running_directory
from tests.permissions.scim.mirror import Mirror, groups, users


def test_joiners_movers_and_leavers_of_a_directory_end_equal_here(stage: Stage) -> None:
    with running_directory() as directory:
        source, target = ScimClient(directory.http), ScimClient(stage.http)
        source.discover()
        target.provider = ScimProvider(PROVIDER.models, PROVIDER.resource_types, PROVIDER.config)
        mirror = Mirror(source, target)

        boss = directory.hire("bob", name={"givenName": "Bob", "familyName": "Ross"})
        alice = directory.hire("alice", boss, displayName="Alice")
        leo = directory.hire("leo", boss, department="销售部")
        sales = directory.form("Sales", alice, leo, boss)
        mirror.push()
        assert mirror.seen() == (users(source), groups(source))
        assert len(mirror.seen()[0]) == 3

        directory.patch(
            f"/Users/{alice}",
            {"op": "replace", "path": "displayName", "value": "Alice Bright"},
            {"op": "add", "path": "emails", "value": [{"value": "al@example.org"}]},
            {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Support"},
            {"op": "remove", "path": f"{ENTERPRISE}:manager"},
        )
        directory.patch(f"/Users/{leo}", {"op": "replace", "path": "active", "value": False})
        wang = directory.hire("wang", alice)
        directory.patch(
            f"/Groups/{sales}",
            {"op": "remove", "path": f'members[value eq "{leo}"]'},
            {"op": "add", "path": "members", "value": [{"value": wang, "type": "User"}]},
        )
        directory.form("Nobody's")
        mirror.push()
        assert mirror.seen() == (users(source), groups(source))

        directory.delete(f"/Users/{leo}")
        directory.delete(f"/Groups/{sales}")
        mirror.push()
        assert mirror.seen() == (users(source), groups(source))
        there = [one for one in stage.desk.book_now.subjects.values() if one.is_there]
        assert {one.user_name for one in there} == {"bob", "alice", "wang"}
