"""How rights came about and went, told with every event type of the permissions service once."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from cli.contracts.review_story import a_review
from cli.contracts.stories import BEGINNING, KEY, KEY_BYTES, Told
from services.permissions.domain.policy.events import (
    AdministratorRemoved,
    Allowance,
    DataClassRemoved,
    DataClassSet,
    DefaultRoleChosen,
    FreshnessLimitSet,
    PermissionDefined,
    PermissionRetired,
    PolicyChangeApproved,
    PolicyChangeMade,
    PolicyEvent,
    ResourceDeclared,
    ResourceWithdrawn,
    ReviewScheduleRemoved,
    ReviewScheduleSet,
    RoleDefined,
    RoleLevelChanged,
    RoleParentAdded,
    RoleParentRemoved,
    RolePermissionSet,
    RoleReinstated,
    RoleRetired,
    SodRuleDefined,
    SodRuleRetired,
    Title,
)
from services.permissions.domain.review.events import Chosen, ReviewEvent
from services.permissions.domain.review.schedule import ReviewSchedule
from services.permissions.domain.subject.acting_events import (
    ActingBegun,
    ActingEnded,
    ActingReason,
)
from services.permissions.domain.subject.events import (
    CallerDistrusted,
    CallerTrusted,
    JoinerDetails,
    SubjectAttributesSet,
    SubjectDescribed,
    SubjectDetails,
    SubjectErased,
    SubjectEvent,
    SubjectJoined,
    SubjectLeft,
    SubjectMoved,
    SubjectReason,
    SubjectReinstated,
    SubjectSuspended,
)
from services.permissions.domain.subject.grant_events import (
    GrantApproved,
    GrantExtended,
    GrantGiven,
    GrantKept,
    GrantReason,
    GrantReduced,
    GrantRefused,
    GrantRequested,
    GrantReviewed,
    GrantRevoked,
    SodExceptionGiven,
    SodExceptionWithdrawn,
)
from services.permissions.domain.team.events import (
    TeamDissolved,
    TeamEvent,
    TeamFormed,
    TeamRenamed,
)
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.scopes import Clearance, Risk, Scope
from shared.projecting.canary import CanarySent
from shared.security.jwe import key_commitment

_NINA = UUID("01a2006f-5480-7942-b1bc-f30b55c85f11")
_TEAM = UUID("01a2006f-5480-7942-b1bc-f30b55c85f12")
_GRANT = UUID("01a2006f-5480-7942-b1bc-f30b55c85f13")
_REVIEW = UUID("01a2006f-5480-7942-b1bc-f30b55c85f14")
_BOB = UUID(DEMO_PEOPLE["bob"].subject)
_ERIN = UUID(DEMO_PEOPLE["erin"].subject)
_CANARY = "canary-permissions"
_CHANGE = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
_SOON = BEGINNING + timedelta(days=30)
_LATER = BEGINNING + timedelta(days=60)


def a_policy() -> Sequence[Told]:
    """Tell what there is to be had, who had it, and how it ended."""
    account = DEMO_PEOPLE["permissions"].subject
    canary = Told(_CANARY, _CANARY, account, CanarySent(sent_at=BEGINNING))
    return (
        *(_policy(event) for event in (*_catalogue(), *_roles(), *_rules())),
        *(_team(event) for event in _team_story()),
        *(_subject(event) for event in (*_joining(), *_granting())),
        *(_review(event) for event in a_review(_NINA, _GRANT)),
        *(_subject(event) for event in _ending()),
        canary,
        _policy(PolicyChangeApproved(change=_CHANGE, approved_by=_BOB, until=_SOON)),
        _policy(PolicyChangeMade(change=_CHANGE, approved_by=_BOB)),
    )


def _catalogue() -> Sequence[PolicyEvent]:
    title = Title(en="Export customers", zh="导出客户")
    return (
        PermissionDefined(
            permission="customer:export", risk=Risk.HIGH, title=title, reason="as reviewed"
        ),
        PermissionRetired(permission="customer:export", reason="nobody uses it"),
        DataClassSet(
            resource_type="customer",
            field="emails",
            data_class=Clearance.CONFIDENTIAL,
            otherwise="mask",
        ),
        DataClassRemoved(resource_type="customer", field="emails"),
    )


def _roles() -> Sequence[PolicyEvent]:
    allowances = (
        Allowance(scope=Scope.OWN, clearance=Clearance.CONFIDENTIAL),
        Allowance(
            scope=Scope.TEAM,
            clearance=Clearance.INTERNAL,
            condition={"attribute": "resource.stage", "is": "ne", "value": "closed"},
        ),
    )
    return (
        RoleDefined(role="sales_rep", level=20, title=Title(en="Sales", zh="销售")),
        RoleLevelChanged(role="sales_rep", level=25),
        RolePermissionSet(role="sales_rep", permission="customer:read", allowances=allowances),
        RoleParentAdded(role="sales_rep", parent="viewer"),
        RoleParentRemoved(role="sales_rep", parent="viewer"),
        RoleRetired(role="sales_rep"),
        RoleReinstated(role="sales_rep"),
    )


def _rules() -> Sequence[PolicyEvent]:
    return (
        SodRuleDefined(
            rule="asking_and_agreeing",
            kind="dynamic",
            first=("grant:request",),
            second=("grant:approve",),
        ),
        SodRuleRetired(rule="asking_and_agreeing"),
        DefaultRoleChosen(role="joiner"),
        ResourceDeclared(
            resource_type="record", resource_id="record-1", attributes={"status": "draft"}
        ),
        ResourceWithdrawn(resource_type="record", resource_id="record-1"),
        FreshnessLimitSet(risk=Risk.CRITICAL, seconds=1),
        ReviewScheduleSet(
            schedule="critical",
            its=ReviewSchedule(
                title="Critical rights", every="quarter", chosen=Chosen(risk=Risk.CRITICAL), days=14
            ),
        ),
        ReviewScheduleRemoved(schedule="critical"),
        AdministratorRemoved(subject=_ERIN),
    )


def _team_story() -> Sequence[TeamEvent]:
    return (
        TeamFormed(title=Title(en="North", zh="北区")),
        TeamRenamed(title=Title(en="Sales north", zh="北区销售")),
        TeamDissolved(),
    )


def _joining() -> Sequence[SubjectEvent]:
    details = SubjectDetails(
        display_name="Nina Example",
        user_name="nina",
        emails=("nina@example.org",),
        identifiers=("HR-0042",),
    )
    return (
        SubjectJoined(
            kind="person",
            key_commitment=key_commitment(KEY_BYTES),
            manager=_BOB,
            department="sales/north",
            attributes={"employed_since": 2026},
            personal=JoinerDetails(**dict(details), reason="Begins in May", ticket="HR-0042"),
        ),
        SubjectMoved(department=None, teams=(_TEAM,)),
        SubjectDescribed(personal=details),
        SubjectAttributesSet(attributes={"employed_since": None, "is_trainee": True}),
        CallerTrusted(),
        CallerDistrusted(),
        SubjectSuspended(personal=SubjectReason(reason="Lost her laptop", ticket="IT-4711")),
        SubjectReinstated(),
    )


def _granting() -> Sequence[SubjectEvent]:
    why = GrantReason(reason="Stands in for Alice")
    return (
        GrantRequested(grant_id=_GRANT, role="sales_manager", lasts_seconds=8 * 3600, personal=why),
        GrantApproved(grant_id=_GRANT),
        GrantGiven(
            grant_id=_GRANT,
            role="sales_manager",
            scope=Scope.TEAM,
            starts=BEGINNING,
            until=_SOON,
            personal=why,
            approved_by=(_BOB,),
        ),
        GrantExtended(grant_id=_GRANT, until=_LATER),
        GrantReduced(grant_id=_GRANT, clearance=Clearance.INTERNAL),
        GrantReviewed(grant_id=_GRANT, verdict="justified", personal=why),
        GrantKept(grant_id=_GRANT, review=_REVIEW, decided_by=_BOB),
        GrantRevoked(grant_id=_GRANT, personal=GrantReason(reason="Alice is back")),
        GrantRefused(grant_id=_GRANT, personal=GrantReason(reason="Ask in May again")),
        SodExceptionGiven(rule="asking_and_agreeing", until=_SOON, personal=why),
        SodExceptionWithdrawn(rule="asking_and_agreeing"),
        ActingBegun(
            acting_id=_GRANT,
            target=_BOB,
            level=70,
            since=BEGINNING,
            until=_SOON,
            personal=ActingReason(reason="Bob cannot find his customers"),
        ),
        ActingEnded(acting_id=_GRANT, at=BEGINNING),
    )


def _ending() -> Sequence[SubjectEvent]:
    return (
        SubjectLeft(personal=SubjectReason(reason="Moved to the sea")),
        SubjectErased(kid=KEY.kid),
    )


def _policy(event: PolicyEvent) -> Told:
    return Told("policy", "policy", str(_ERIN), event)


def _team(event: TeamEvent) -> Told:
    return Told(f"team-{_TEAM}", str(_TEAM), str(_ERIN), event)


def _subject(event: SubjectEvent) -> Told:
    return Told(f"subject-{_NINA}", str(_NINA), str(_ERIN), event)


def _review(event: ReviewEvent) -> Told:
    # What a reason is sealed with is the key of the subject whose grant it is about.
    return Told(f"review-{_REVIEW}", str(_REVIEW), str(_BOB), event)
