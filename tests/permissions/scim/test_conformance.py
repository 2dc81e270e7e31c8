"""The public tester of SCIM servers finds nothing wrong, and nothing that it had to pass over."""

from scim2_tester import Status, check_server

from tests.permissions.scim.asking import ScimClient, Stage


def test_the_public_tester_of_scim_servers_is_content(stage: Stage) -> None:
    results = check_server(ScimClient(stage.http))
    wrong = [
        (one.title, one.resource_type, one.reason)
        for one in results
        if one.status is not Status.SUCCESS
    ]
    assert wrong == []
    assert len(results) > 60
