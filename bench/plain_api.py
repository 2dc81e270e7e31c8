"""The baseline of POST /v1/customers: FastAPI and SQLAlchemy's ORM as their tutorials use them.

Run as `python -m bench.plain_api DSN PORT`. No sign-in, no permission, no history, no events, no
encryption, no idempotency, no tracing: one table with an index, one commit per request.
"""

import sys
from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID, uuid4

import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel, EmailStr, Field
from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.postgres.engine import engine_of

KEEP_ALIVE_SECONDS = 30
# Tried: 16 is the fastest. None beyond, because each of those would serve one request and close.
POOL = 16


class Base(DeclarativeBase):
    """What SQLAlchemy knows of the database."""


class Customer(Base):
    """One row."""

    __tablename__ = "plain_customers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, index=True)
    emails: Mapped[list[str]] = mapped_column(ARRAY(Text))


class CustomerIn(BaseModel):
    """The body of a request."""

    kind: Literal["person", "organisation"]
    name: str = Field(min_length=1, max_length=300)
    emails: list[EmailStr] = []


class CustomerOut(BaseModel):
    """The body of an answer; what was validated once is not validated again."""

    id: UUID
    kind: str
    name: str
    emails: list[str]


def plain_app(dsn: str) -> FastAPI:
    """Return the app; its table is made when the first request comes."""
    engine = engine_of(dsn, pool_size=POOL, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    app = FastAPI()

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    @app.get("/ready")
    async def ready() -> str:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        return "ready"

    @app.post("/v1/customers", status_code=201, response_model=CustomerOut)
    async def create(
        body: CustomerIn, opened: Annotated[AsyncSession, Depends(session)]
    ) -> Customer:
        customer = Customer(kind=body.kind, name=body.name, emails=body.emails)
        opened.add(customer)
        await opened.commit()
        return customer

    @app.get("/v1/customers/{customer_id}", response_model=CustomerOut)
    async def read(
        customer_id: UUID, opened: Annotated[AsyncSession, Depends(session)]
    ) -> Customer | None:
        return await opened.get(Customer, customer_id)

    return app


if __name__ == "__main__":
    uvicorn.run(
        plain_app(sys.argv[1]),
        port=int(sys.argv[2]),
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
