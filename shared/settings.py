"""Every setting of a service process, read once from the environment (DAYBOOK_…)."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

# The contracts travel with the code: they are checked in beside it.
PUBLISHED = Path(__file__).resolve().parents[1] / "docs" / "contracts"
BrokerKind = Literal["embedded", "kafka"]
KafkaSecurity = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]


class KafkaSettings(BaseSettings):
    """How to reach the broker; `mode` is the only place that knows which kind of broker it is."""

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_KAFKA_", frozen=True)

    mode: BrokerKind = Field("embedded", description="embedded (in memory) or kafka (Apache).")
    bootstrap: str = Field("127.0.0.1:8192", description="host:port, several by comma.")
    fetch_max_wait_ms: int | None = Field(
        None, description="How long a fetch waits at the broker; 20 embedded, 500 on Apache Kafka."
    )
    session_timeout_ms: int = Field(
        10_000,
        ge=1_000,
        description="After how long a projector that is not heard of loses its partitions to"
        " others; Apache Kafka only.",
    )
    replication: int = Field(
        3, ge=1, description="On how many Apache Kafka brokers each record of a new topic lies."
    )
    security_protocol: KafkaSecurity = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, as Kafka names them."
    )
    ca_file: Path | None = Field(
        None, description="Who vouches for the brokers (PEM); None: whom this system trusts."
    )
    certificate_file: Path | None = Field(
        None, description="Our own certificate (PEM), where brokers ask for one."
    )
    certificate_key_file: Path | None = Field(None, description="The key of that certificate.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How we sign in, if the protocol is SASL_…"
    )
    sasl_username: str | None = Field(None, description="As whom.")
    sasl_password_file: Path | None = Field(None, description="The file with the password.")

    @property
    def is_embedded(self) -> bool:
        """Whether this is the in-memory broker of one machine."""
        return self.mode == "embedded"

    def unhurried(self, milliseconds: int) -> "KafkaSettings":
        """Return the settings of a reader whom nobody waits for: it asks more rarely.

        The embedded broker is asked again and again, which costs, and finds a record up to half of
        a fetch's wait late; Apache Kafka answers at once, however long it may wait. What was set on
        purpose stays.
        """
        if not self.is_embedded or self.fetch_max_wait_ms is not None:
            return self
        return self.model_copy(update={"fetch_max_wait_ms": milliseconds})

    @property
    def shares_partitions(self) -> bool:
        """Whether processes share partitions by groups; joining one costs 5 s when embedded."""
        return not self.is_embedded


class StoreSettings(BaseSettings):
    """The three PostgreSQL servers of a service.

    A DSN holds the placeholder `{role}` where the database user's role stands, for example
    `postgresql://customers_{role}@/customers?host=/run/daybook/truth`. Its parameter
    `passwordfile=/run/secrets/customers_{role}` names the file with that user's password;
    `sslmode=verify-full&sslrootcert=…` is TLS. `truth` is backed up, `views` is rebuilt, `keys`
    has its own short-lived backups.
    """

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_STORE_", frozen=True)

    truth_dsn: str = Field(description="Events, streams, idempotency, checkpoints.")
    views_dsn: str = Field(description="Read models and marks.")
    keys_dsn: str = Field(description="Subject keys.")
    truth_data_dir: Path | None = Field(
        None, description="The truth server's data folder if it is on this machine."
    )
    truth_reserve_bytes: int = Field(
        1_000_000_000, ge=0, description="With less room there than this, nothing is written."
    )
    append_lanes: int = Field(8, ge=1, description="Connections that an api process appends on.")


class AdminSettings(BaseSettings):
    """A superuser's way into each server, for the role `prepare` alone."""

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_ADMIN_", frozen=True)

    truth_dsn: str = Field(description="As in StoreSettings, to the database `postgres`.")
    views_dsn: str = Field(description="The same, on the views server.")
    keys_dsn: str = Field(description="The same, on the keys server.")


class SecuritySettings(BaseSettings):
    """Where secrets lie and whose tokens hold."""

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_SECURITY_", frozen=True)

    secrets_dir: Path = Field(description="Folder (0700) with master.key and service.key.")
    ledger_dir: Path = Field(
        description="Folder of the erasure ledger: a volume of its own, which no restore touches."
    )
    issuer: str = Field("http://127.0.0.1:8105", description="The OIDC issuer that signs tokens.")
    audience: str = Field("daybook", description="The audience a token must name.")


class ObservabilitySettings(BaseSettings):
    """Logs, traces and metrics."""

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_OBSERVABILITY_", frozen=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    trace_share: float = Field(0.05, ge=0, le=1, description="Share of requests traced.")
    trace_file: Path | None = Field(None, description="Spans as JSON lines, for one machine.")
    otlp_endpoint: str | None = Field(None, description="Where spans go by OTLP over HTTP.")
    metrics_host: str = Field("127.0.0.1", description="The address that /metrics listens on.")
    metrics_port: int = Field(
        8150,
        description="The port of /metrics, /livez and /readyz, one a process;"
        " if it is taken, the next free one of eight. 0: any.",
    )


class ServiceSettings(BaseSettings):
    """One service process."""

    model_config = SettingsConfigDict(env_prefix="DAYBOOK_SERVICE_", frozen=True)

    host: str = Field("127.0.0.1", description="The address that the api listens on.")
    port: int = Field(8101, description="The port that the api listens on.")
    public_url: str = Field(
        "http://127.0.0.1:8102",
        description="Where other programs reach this api; the permissions service says it to them.",
    )
    requests_per_second: float = Field(
        500, ge=0, description="So many requests of one account are served by one process; 0: any."
    )
    customers_url: str = Field(
        "http://127.0.0.1:8101",
        description="Where the customers service answers: its feed has what Kafka lost.",
    )
    permissions_url: str = Field(
        "http://127.0.0.1:8102",
        description="Where the permissions service answers: what all decide by comes from there.",
    )
    log_every_decision: bool = Field(
        False,
        description="Whether each decision about rights is a record of its own, or ordinary"
        " allowances are counted.",
    )
    canary_seconds: float = Field(60, gt=0, description="How often the canary makes the trip.")
    late_after_seconds: float = Field(
        3600, gt=0, description="Changes visible later than this: writes are warned, an alarm."
    )
    dated_after_seconds: float = Field(
        60, gt=0, description="Read models further behind than this say data as of."
    )
    verify_streams_per_second: float = Field(
        2000, gt=0, description="How fast `daybook verify projections` may read, at most."
    )
    consumers_dir: Path = Field(
        PUBLISHED / "consumers", description="Folder of the registered consumers, one file each."
    )
