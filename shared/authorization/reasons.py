"""Every reason in words, made only when somebody reads them: what is so, and who can help.

The words hold no names, ids or values; those are beside them in the answer.
"""

from typing import Final, Literal, NamedTuple

from shared.authorization.codes import Code

Language = Literal["en", "zh"]


class Words(NamedTuple):
    """One reason in one language."""

    reason: str
    who_can_help: str


_GIVER_EN: Final = "Whoever has the permission grant:give can give it; you can also request it."
_GIVER_ZH: Final = "拥有 grant:give 权限的人可以授予；您也可以提出申请。"
_GIVEN_EN: Final = "Whoever has the permission grant:give can give it; they can also request it."
_GIVEN_ZH: Final = "拥有 grant:give 权限的人可以授予；此账户也可以提出申请。"
_OPERATOR_EN: Final = "An operator can see why; trying again in a moment may be enough."
_OPERATOR_ZH: Final = "运维人员可以查明原因；稍后重试也许就可以。"
_REGISTRAR_EN: Final = "Whoever has the permission subject:change can let it join."
_REGISTRAR_ZH: Final = "拥有 subject:change 权限的人可以让此账户加入。"
_REINSTATER_EN: Final = (
    "Whoever has the permission subject:change can reinstate it, let it join anew, or name another"
    " owner."
)
_REINSTATER_ZH: Final = (
    "拥有 subject:change 权限的人可以恢复此账户、让其重新加入或指定另一位所有者。"
)
_EDITOR_EN: Final = "Whoever has the permission policy:change can define it."
_EDITOR_ZH: Final = "拥有 policy:change 权限的人可以定义它。"
_LIFTER_EN: Final = (
    "Whoever has the permission grant:revoke and the level for it can lift the denial, but nobody"
    " the own one."
)
_LIFTER_ZH: Final = (
    "拥有 grant:revoke 权限且级别足够的人可以解除此拒绝，但任何人都不能解除对自己的拒绝。"
)
_NOBODY_EN: Final = "No help is needed."
_NOBODY_ZH: Final = "无需帮助。"

_ACTOR_EN: Final = "Whoever has the permission subject:act_as can begin again (POST /v1/acting)."
_ACTOR_ZH: Final = "拥有 subject:act_as 权限的人可以重新开始（POST /v1/acting）。"
_SELF_EN: Final = "They can do it themselves; leave out `Daybook-Acting-As` to act for yourself."
_SELF_ZH: Final = "此人可以自己完成；去掉 `Daybook-Acting-As` 即以您本人身份操作。"
_SEER_EN: Final = "Whoever may see the record can tell; `record.who_may_see` says who may."
_SEER_ZH: Final = "有权查看此记录的人可以说明；见 `record.who_may_see`。"

WORDS: Final[dict[Code, dict[Language, Words]]] = {
    Code.ALLOWED: {
        "en": Words("A grant allows this.", _NOBODY_EN),
        "zh": Words("有授权允许此操作。", _NOBODY_ZH),
    },
    Code.STALE: {
        "en": Words("What is known of permissions is too old to decide this.", _OPERATOR_EN),
        "zh": Words("权限信息过旧，无法作出此决定。", _OPERATOR_ZH),
    },
    Code.BEHIND: {
        "en": Words("A change that you have seen has not arrived here yet.", _OPERATOR_EN),
        "zh": Words("您已看到的更改尚未到达这里。", _OPERATOR_ZH),
    },
    Code.UNKNOWN_SUBJECT: {
        "en": Words("Daybook does not know this account.", _REGISTRAR_EN),
        "zh": Words("Daybook 不认识此账户。", _REGISTRAR_ZH),
    },
    Code.INACTIVE_SUBJECT: {
        "en": Words("This account, or whoever owns it, is suspended or has left.", _REINSTATER_EN),
        "zh": Words("此账户或其所有者已被停用或已离开。", _REINSTATER_ZH),
    },
    Code.UNKNOWN_PERMISSION: {
        "en": Words("There is no such permission.", _EDITOR_EN),
        "zh": Words("没有这项权限。", _EDITOR_ZH),
    },
    Code.PARKED: {
        "en": Words("A change of these permissions could not be read.", _OPERATOR_EN),
        "zh": Words("有一项权限更改无法读取。", _OPERATOR_ZH),
    },
    Code.DENIED: {
        "en": Words("A grant denies this, whatever others allow.", _LIFTER_EN),
        "zh": Words("有授权明确拒绝此操作，其他授权不能推翻。", _LIFTER_ZH),
    },
    Code.NO_GRANT: {
        "en": Words("Nothing that you have been given allows this.", _GIVER_EN),
        "zh": Words("您没有允许此操作的授权。", _GIVER_ZH),
    },
    Code.EXPIRED: {
        "en": Words("What allowed this is over.", _GIVER_EN),
        "zh": Words("允许此操作的授权已到期。", _GIVER_ZH),
    },
    Code.NOT_YET_VALID: {
        "en": Words("What allows this has not begun yet.", _GIVER_EN),
        "zh": Words("允许此操作的授权尚未生效。", _GIVER_ZH),
    },
    Code.CONDITION: {
        "en": Words("A condition of what allows this is not met.", _GIVER_EN),
        "zh": Words("授权的条件未满足。", _GIVER_ZH),
    },
    Code.SENSITIVITY: {
        "en": Words("This is more secret than what you may see.", _GIVER_EN),
        "zh": Words("此内容的密级高于您可查看的密级。", _GIVER_ZH),
    },
    Code.OUT_OF_SCOPE: {
        "en": Words("This lies outside of what you may reach.", _GIVER_EN),
        "zh": Words("此内容不在您的权限范围内。", _GIVER_ZH),
    },
    Code.SEPARATION_OF_DUTIES: {
        "en": Words(
            "You have done something on this record that is kept apart from this.",
            "Another person who may do this can do it.",
        ),
        "zh": Words("您在此记录上已做过必须与此操作分开的事。", "另一位有权限的人可以完成。"),
    },
    Code.ACTING_OVER: {
        "en": Words("You act as this person no longer, or may not any more.", _ACTOR_EN),
        "zh": Words("您已不再以此人身份操作，或已无权这样做。", _ACTOR_ZH),
    },
    Code.ABOVE_ACTOR: {
        "en": Words(
            "This person's level is higher than yours, so you do not act as them.", _SELF_EN
        ),
        "zh": Words("此人的级别高于您，因此您不能以其身份操作。", _SELF_ZH),
    },
    Code.IN_THE_OWN_NAME: {
        "en": Words(
            "Nobody does this in somebody else's name: it changes rights, goes on afterwards, or is"
            " of critical risk.",
            _SELF_EN,
        ),
        "zh": Words(
            "任何人都不得以他人名义进行此操作：它会更改权限、持续到请求之后，或属于极高风险。",
            _SELF_ZH,
        ),
    },
    Code.ERROR: {
        "en": Words("This could not be decided, so it is denied.", _OPERATOR_EN),
        "zh": Words("无法作出决定，因此予以拒绝。", _OPERATOR_ZH),
    },
    Code.WITHHELD: {
        "en": Words("Whether it reaches this record is not yours to see.", _SEER_EN),
        "zh": Words("它是否涵盖此记录，您无权查看。", _SEER_ZH),
    },
    Code.DEEDS_UNKNOWN: {
        "en": Words(
            "Whether something was done on this record that is kept apart from this is not told"
            " here.",
            "Whoever sees the requests that wait can tell, as of now (`GET /v1/approvals`).",
        ),
        "zh": Words(
            "此处无法得知此记录上是否已做过必须与此操作分开的事。",
            "能看到待批申请的人可以说明当前情况（`GET /v1/approvals`）。",
        ),
    },
}


def words(code: Code, language: Language = "en") -> Words:
    """Return the reason and who can help."""
    return WORDS[code][language]


OF_ANOTHER: Final[dict[Code, dict[Language, str]]] = {
    Code.NO_GRANT: {
        "en": "Nothing that they have been given allows this.",
        "zh": "此账户没有允许此操作的授权。",
    },
    Code.SENSITIVITY: {
        "en": "This is more secret than what they may see.",
        "zh": "此内容的密级高于此账户可查看的密级。",
    },
    Code.OUT_OF_SCOPE: {
        "en": "This lies outside of what they may reach.",
        "zh": "此内容不在此账户的权限范围内。",
    },
    Code.SEPARATION_OF_DUTIES: {
        "en": "They have done something on this record that is kept apart from this.",
        "zh": "此账户在此记录上已做过必须与此操作分开的事。",
    },
}


def words_of_another(code: Code, language: Language = "en") -> Words:
    """Return the reason and who can help, told to somebody who asks about another."""
    said = words(code, language)
    helps = _GIVEN_ZH if language == "zh" else _GIVEN_EN
    return Words(
        OF_ANOTHER.get(code, {}).get(language, said.reason),
        helps if said.who_can_help in {_GIVER_EN, _GIVER_ZH} else said.who_can_help,
    )
