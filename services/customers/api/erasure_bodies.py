"""What an erasure looks like in answers, and the certificate that others can keep and check."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.customers.api.bilingual import certificate_texts
from services.customers.application.erasure_report import ErasureReport, OpenOne
from services.customers.domain.erasure.events import ErasureReason
from shared.given import Given
from shared.security.signing import StatementSigner


class EraseBody(Given):
    """Erase a person: why, as one of the grounds of Article 17 (1) GDPR."""

    reason: ErasureReason


class ReceiptBody(Given):
    """Confirm for whom nothing is left of the person; left out, for the caller's own consumer."""

    holder: str | None = Field(None, min_length=1, max_length=200, pattern=r"^[!-~]+$")


class ConfirmationView(BaseModel):
    """One holder of copies has none left."""

    holder: str
    at: str
    event_id: UUID


class CertificateView(BaseModel):
    """That a person was erased: as data, as a text in two languages, and signed.

    `jws` holds `statement` (RFC 7515, EdDSA); the key to check it with is at
    `/v1/erasures/certificate-key`. `ledger_line` is the line of the erasure ledger, as it stands.
    """

    statement: dict[str, Any]
    text: dict[str, str]
    jws: str


class ErasureView(BaseModel):
    """How far an erasure is: started, erased (the key is destroyed), complete (all confirmed)."""

    customer_id: UUID
    state: Literal["started", "erased", "complete"]
    reason: ErasureReason | None
    opened_at: str
    opened_by: str
    erased_at: str | None
    completed_at: str | None
    kid: str
    confirmations: list[ConfirmationView]
    outstanding: list[str]
    certificate: CertificateView | None


class OpenErasureView(BaseModel):
    """An erasure that not every holder of copies has confirmed."""

    customer_id: UUID
    opened_at: str
    age_seconds: float
    outstanding: list[str]


class ErasurePage(BaseModel):
    """A page of open erasures, by customer id."""

    items: list[OpenErasureView]
    next_page_token: str | None


class PublicKeyView(BaseModel):
    """The public key that certificates are checked with (JWK, RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    alg: str
    use: str


def erasure_view(report: ErasureReport, signer: StatementSigner) -> dict[str, Any]:
    """Return an erasure as answers show it, with its certificate once it is complete."""
    return {
        "customer_id": str(report.customer_id),
        "state": report.state,
        "reason": report.reason,
        "opened_at": report.opened.recorded_at,
        "opened_by": report.opened.origin.actor,
        "erased_at": report.erased.recorded_at if report.erased else None,
        "completed_at": report.completed.recorded_at if report.completed else None,
        "kid": report.kid,
        "confirmations": [
            {"holder": each.holder, "at": each.at, "event_id": str(each.event_id)}
            for each in report.confirmations
        ],
        "outstanding": report.outstanding,
        "certificate": _certificate(report, signer),
    }


def open_view(one: OpenOne, now: datetime) -> dict[str, Any]:
    """Return an open erasure as a list shows it."""
    return {
        "customer_id": str(one.customer_id),
        "opened_at": one.opened_at,
        "age_seconds": round((now - one.opened_at).total_seconds(), 3),
        "outstanding": one.outstanding,
    }


def _certificate(report: ErasureReport, signer: StatementSigner) -> dict[str, Any] | None:
    erased, completed = report.erased, report.completed
    if erased is None or completed is None:
        return None
    statement = {
        "statement": "personal-data-erased",
        "subject": str(report.customer_id),
        "reason": report.reason,
        "kid": report.kid,
        "key_commitment": report.key_commitment,
        "opened": {"at": report.opened.recorded_at, "event_id": str(report.opened.event_id)},
        "erased": {"at": erased.recorded_at, "event_id": str(erased.event_id)},
        "completed": {"at": completed.recorded_at, "event_id": str(completed.event_id)},
        "holders": {each.holder: each.at for each in report.confirmations},
        "ledger_line": report.ledger_line.text if report.ledger_line else None,
    }
    return {
        "statement": statement,
        "text": certificate_texts(report),
        "jws": signer.sign(statement),
    }
