"""What a person reads of erasures and of their own data, in English and in Chinese."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.customers.application.erasure_report import ErasureReport

ACCESS_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "title": ("Your data in Daybook", "您在 Daybook 中的数据"),
        "explained": (
            "Everything that is stored about you, everything that happened to it, and who saw it."
            " Times are UTC. What was erased is empty.",
            "关于您的全部存储内容、发生过的全部变更，以及谁查看过。时间为协调世界时（UTC）。已删除的内容为空。",
        ),
        "made_at": ("Made at", "生成时间"),
        "profile": ("What is known now", "当前资料"),
        "notes": ("Notes", "备注"),
        "legal_holds": ("Legal holds: why it may not be erased", "法律保留：暂不得删除的原因"),
        "events": ("Everything that happened", "全部历史记录"),
        "accessed_by": ("Who was shown it", "查看记录"),
        "copies": ("Where copies are", "副本所在位置"),
        "key": ("The key that protects it, and who was given it", "保护数据的密钥及获得者"),
        "erasure": ("Erasure", "删除"),
        "nothing": ("Nothing", "无"),
    }
)
"""The words of the access file, in English and Chinese."""


def word(name: str) -> tuple[str, str]:
    """Return a word of the access file in both languages."""
    return ACCESS_WORDS[name]


def certificate_texts(report: ErasureReport) -> dict[str, str]:
    """Return what the certificate of a complete erasure says, by language."""
    holders = ", ".join(each.holder for each in report.confirmations)
    opened, erased, completed = (
        f"{event.recorded_at:%Y-%m-%d %H:%M:%S} UTC" if event else ""
        for event in (report.opened, report.erased, report.completed)
    )
    return {
        "en": f"The personal data of the customer {report.customer_id} was erased. Asked for"
        f" {opened}; key {report.kid} destroyed by {erased}; complete {completed}."
        f" Confirmed by: {holders}.",
        "zh": f"客户 {report.customer_id} 的个人数据已被删除。申请时间：{opened}；密钥"
        f" {report.kid} 最迟于 {erased} 销毁；全部完成：{completed}。确认方：{holders}。",
    }
