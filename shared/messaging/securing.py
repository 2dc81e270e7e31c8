"""Every Kafka client of ours signs in and encrypts as the settings say, by this function alone."""

import ssl
from typing import Any

from shared.errors import DaybookError
from shared.settings import KafkaSettings


def security_of(settings: KafkaSettings) -> dict[str, Any]:
    """Return what aiokafka's clients are told about TLS and SASL.

    Raises:
        DaybookError: SASL is asked for without a user, or a file cannot be read.
    """
    if settings.security_protocol == "PLAINTEXT":
        return {}
    told: dict[str, Any] = {
        "security_protocol": settings.security_protocol,
        "ssl_context": _tls_of(settings),
    }
    if settings.security_protocol.startswith("SASL"):
        told |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": _password_of(settings),
        }
    return told


def _tls_of(settings: KafkaSettings) -> ssl.SSLContext | None:
    if not settings.security_protocol.endswith("SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.certificate_file is not None:
            context.load_cert_chain(settings.certificate_file, settings.certificate_key_file)
    except OSError as error:  # ssl.SSLError is one
        raise DaybookError(
            f"a certificate for Kafka cannot be used ({error.strerror or type(error).__name__})",
            code="certificate-unusable",
            fix="look at DAYBOOK_KAFKA_CA_FILE and DAYBOOK_KAFKA_CERTIFICATE_FILE: PEM, readable",
            who_can_help="an operator",
        ) from error
    return context


def _password_of(settings: KafkaSettings) -> str:
    file = settings.sasl_password_file
    if file is None or settings.sasl_username is None:
        raise DaybookError(
            "Kafka is to be signed in to, and user or password is missing",
            code="secret-missing",
            fix="set DAYBOOK_KAFKA_SASL_USERNAME and DAYBOOK_KAFKA_SASL_PASSWORD_FILE",
            who_can_help="an operator",
        )
    try:
        return file.read_text().strip()
    except OSError as error:
        raise DaybookError(
            f"the password file {file.name} cannot be read ({error.strerror})",
            code="secret-missing",
            fix=f"put the password of Kafka's user {settings.sasl_username} into {file}",
            who_can_help="an operator",
        ) from error
