"""What somebody owns is reached where the owner is, and where a leaver was."""

from tests.shared.authorization.story import ANA, BEN, CAT, a_customer, a_story

READ = "customer:read"


def test_what_a_leaver_owns_stays_in_reach_of_the_team_until_the_person_is_erased() -> None:
    story = a_story().role("reader", customer_read="team/public").give(ANA, "reader")
    assert story.of(BEN, "SubjectLeft").code(ANA, READ, a_customer(BEN)) == "allowed"
    assert story.of(BEN, "SubjectErased").code(ANA, READ, a_customer(BEN)) == "out_of_scope"
    assert story.of(BEN, "SubjectReinstated").code(BEN, READ, None) == "inactive_subject"


def test_a_leaver_who_is_taken_out_of_everything_leaves_behind_what_colleagues_reach() -> None:
    story = a_story().role("reader", customer_read="team/public").give(ANA, "reader")
    story.role("head", customer_read="department/public").give(CAT, "head")
    story.of(CAT, "SubjectMoved", department="sales")
    story.of(BEN, "SubjectMoved", department="sales/emea").of(BEN, "SubjectLeft")
    story.of(BEN, "SubjectMoved", teams=[]).of(BEN, "SubjectMoved", department=None)
    assert story.code(ANA, READ, a_customer(BEN)) == "allowed"
    assert story.code(CAT, READ, a_customer(BEN)) == "allowed"
    story.of(BEN, "SubjectMoved", teams=["elsewhere"], department="service")
    assert story.code(ANA, READ, a_customer(BEN)) == "out_of_scope", "somebody took them over"
    assert story.code(CAT, READ, a_customer(BEN)) == "out_of_scope"


def test_who_stays_and_is_in_no_team_any_more_takes_along_what_is_theirs() -> None:
    story = a_story().role("reader", customer_read="team/public").give(ANA, "reader")
    story.of(BEN, "SubjectMoved", teams=[])
    assert story.code(ANA, READ, a_customer(BEN)) == "out_of_scope"
