"""Each field of a person that an answer may hold has a class, and leaves only as far as it says."""

from uuid import UUID

import pytest

from services.permissions.api.subject_bodies import (
    SubjectListed,
    SubjectView,
    listed_view,
    subject_view,
)
from services.permissions.domain.subject.state import Subject
from shared.authorization.fields import FieldView
from shared.authorization.scopes import Clearance
from shared.authorization.state import FieldClass
from tests.ground.rights import demo_world

OF_THE_RECORD = {"id", "version"}
"""Whoever may see the record at all sees these; its class is that of `*`."""
GIVEN = {"grants", "requests"}
"""For these grant:read is asked as well."""
WHO = UUID(int=1)


@pytest.mark.parametrize("model", [SubjectView, SubjectListed])
def test_each_field_has_a_class(model: type[SubjectView] | type[SubjectListed]) -> None:
    classes = demo_world().policy.classes["subject"]
    assert set(model.model_fields) - OF_THE_RECORD - GIVEN <= set(classes)


def test_what_has_no_class_leaves_for_nobody_who_is_not_cleared_for_all() -> None:
    for clearance in (-1, *(one.rank for one in Clearance if one is not Clearance.RESTRICTED)):
        unclassed = FieldView({}, clearance)
        assert set(listed_view(WHO, Subject(), unclassed, 1)) == OF_THE_RECORD
        assert set(subject_view(WHO, Subject(), unclassed, 1)) == OF_THE_RECORD


def test_what_is_shown_is_what_the_answer_promises() -> None:
    everything = FieldView({}, Clearance.RESTRICTED.rank)
    assert set(subject_view(WHO, Subject(), everything, 1)) == set(SubjectView.model_fields) - GIVEN
    assert set(listed_view(WHO, Subject(), everything, 1)) == set(SubjectListed.model_fields)


def test_each_field_is_held_back_by_itself() -> None:
    every = set(SubjectView.model_fields) - GIVEN
    for field in every - OF_THE_RECORD:
        public = {one: FieldClass(0) for one in every - {field}}
        assert set(subject_view(WHO, Subject(), FieldView(public, 0), 1)) == every - {field}
