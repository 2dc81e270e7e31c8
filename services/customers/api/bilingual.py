"""What a person reads of erasures and of their own data, in English and in Chinese."""

from services.customers.application.erasure_report import ErasureReport


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
