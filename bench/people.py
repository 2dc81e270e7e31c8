"""A million customers as a company of several continents has them; the same ones in every run."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args
from uuid import UUID

from bench.samples import NOW
from services.customers.domain.customer.events import CustomerKind, Stage
from services.customers.domain.customer.state import (
    Customer,
    CustomerAddress,
    CustomerEmail,
    CustomerPhone,
)
from services.customers.projections.directory_rows import Entry

SEED = 20_261_122
FAMILY_ZH = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹"
    "彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
GIVEN_ZH = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建国文"
    "志海望山雨晨欣怡子涵浩然宇轩思远博嘉琪"
)
FIRM_ZH = (
    "海望",
    "长城",
    "东方",
    "华夏",
    "金山",
    "银河",
    "远大",
    "宏图",
    "鼎盛",
    "恒通",
    "瑞丰",
    "百川",
)
TRADE_ZH = ("科技", "贸易", "集团", "实业", "银行", "物流", "电子", "食品")
CITIES_ZH = ("上海", "北京", "广州", "深圳", "杭州", "成都", "重庆", "南京")
GIVEN = (
    "Hans",
    "Jürgen",
    "Günter",
    "Ursula",
    "Jörg",
    "Björn",
    "Katharina",
    "Sabine",
    "Thomas",
    "Stefan",
    "Michael",
    "Claudia",
    "Uwe",
    "Felix",
    "Käthe",
    "Sören",
    "James",
    "Mary",
    "John",
    "Patricia",
    "Robert",
    "Jennifer",
    "Linda",
    "William",
    "Elizabeth",
    "David",
    "Susan",
    "Ada",
    "Joseph",
    "Jessica",
    "Sarah",
    "Charles",
    "Karen",
    "Daniel",
    "Matthew",
    "Emily",
    "Andrew",
    "Donna",
    "Kevin",
    "Carol",
    "Grace",
)
FAMILY = (
    "Müller",
    "Schmidt",
    "Schneider",
    "Fischer",
    "Weber",
    "Meyer",
    "Wagner",
    "Becker",
    "Schulz",
    "Schäfer",
    "Koch",
    "Bauer",
    "Richter",
    "Wolf",
    "Schröder",
    "Zimmermann",
    "Krüger",
    "Hartmann",
    "Köhler",
    "König",
    "Möller",
    "Weiß",
    "Jung",
    "Keller",
    "Roth",
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "Miller",
    "Davis",
    "Wilson",
    "Anderson",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Thompson",
    "White",
    "Harris",
    "Clark",
    "Robinson",
    "Walker",
    "Young",
    "King",
    "Wright",
    "Scott",
    "Hill",
    "Green",
    "O'Brien",
)
SYLLABLES = (
    "ba",
    "be",
    "bi",
    "bo",
    "bra",
    "bre",
    "da",
    "de",
    "dor",
    "fa",
    "fel",
    "ga",
    "gri",
    "ha",
    "hel",
    "ka",
    "kor",
    "la",
    "len",
    "ma",
    "mar",
    "mo",
    "na",
    "nor",
    "pa",
    "per",
    "ra",
    "rin",
    "sa",
    "sel",
    "ta",
    "tor",
    "va",
    "vel",
    "wa",
    "wil",
    "za",
    "zor",
)
TRADE = ("Logistics", "Software", "Foods", "Energy", "Systems", "Motors", "Labs", "Pharma")
CITIES = ("Berlin", "München", "Hamburg", "Köln", "London", "Leeds", "Austin", "Düsseldorf", "Wien")
STREETS = ("Hauptstraße", "Bahnhofstraße", "Gartenweg", "High Street", "Church Road")
STAGE_WEIGHTS = (50, 20, 20, 8, 2)
OWNERS = [UUID(int=7_000 + number) for number in range(200)]
YEAR_SECONDS = 30_000_000
CHINESE, OWNED = 1 / 3, 0.8
PERSONS_ZH, KNOWN_FAMILIES, FIRMS = 0.75, 0.55, 0.15


@dataclass(frozen=True, slots=True)
class Person:
    """One customer before it has an id: how it is called and reached."""

    kind: CustomerKind
    name: str
    email: str
    phone: str
    street: str
    city: str
    country: str


def people(count: int) -> Iterator[tuple[UUID, Entry]]:
    """Yield customers with their ids, a third of them Chinese."""
    drawn = random.Random(SEED)  # noqa: S311 - the same work in every run
    for number in range(count):
        customer_id = UUID(int=drawn.getrandbits(128))
        person = _chinese(drawn, number) if drawn.random() < CHINESE else _other(drawn, number)
        at = NOW - timedelta(seconds=drawn.randrange(YEAR_SECONDS))
        yield customer_id, Entry(_customer(drawn, person), 1, at, at, has_new_text=True)


def _customer(drawn: random.Random, person: Person) -> Customer:
    ids = [UUID(int=drawn.getrandbits(128)) for _ in range(3)]
    tags = [
        ("newsletter", 0.4),
        ("trial", 0.1),
        ("VIP", 0.01),
        (f"event {drawn.randrange(3000)}", 0.1),
    ]
    (stage,) = drawn.choices(get_args(Stage), STAGE_WEIGHTS)
    return Customer(
        kind=person.kind,
        name=person.name,
        emails=(CustomerEmail(ids[0], person.email, "work"),),
        phones=(CustomerPhone(ids[1], person.phone, person.phone, "work"),),
        addresses=(CustomerAddress(ids[2], person.street, person.city, country=person.country),),
        tags=tuple(tag for tag, share in tags if drawn.random() < share),
        owner=drawn.choice(OWNERS) if drawn.random() < OWNED else None,
        stage=stage,
        custom={
            "size": drawn.choice(("small", "middle", "large")),
            "score": str(drawn.randrange(100)),
        },
    )


def _chinese(drawn: random.Random, number: int) -> Person:
    if drawn.random() < PERSONS_ZH:
        given = "".join(drawn.choices(GIVEN_ZH, k=drawn.choice((1, 2, 2))))
        kind: CustomerKind = "person"
        name = drawn.choice(FAMILY_ZH) + given
    else:
        firm = "".join(drawn.choices(FIRM_ZH, k=drawn.choice((1, 2, 2))))
        kind, name = "organisation", firm + drawn.choice(TRADE_ZH)
    email = f"{drawn.choice(SYLLABLES)}{number}@{_word(drawn, 2)}.cn"
    phone = f"+861{drawn.randrange(10**9, 10**10)}"
    street, city = f"中山路 {drawn.randrange(999)} 号", drawn.choice(CITIES_ZH)
    return Person(kind, name, email, phone, street, city, "CN")


def _other(drawn: random.Random, number: int) -> Person:
    given = drawn.choice(GIVEN)
    family = drawn.choice(FAMILY) if drawn.random() < KNOWN_FAMILIES else _word(drawn, 3).title()
    kind: CustomerKind = "person"
    name = f"{given} {family}"
    if drawn.random() < FIRMS:
        kind, name = "organisation", f"{_word(drawn, 3).title()} {drawn.choice(TRADE)} GmbH"
    mailbox = f"{_word(drawn, 3)}.{_word(drawn, 2)}{number % 9973}"
    phone = f"+49{drawn.randrange(10**9, 10**10)}"
    street, city = f"{drawn.choice(STREETS)} {drawn.randrange(200)}", drawn.choice(CITIES)
    country = drawn.choice(("DE", "DE", "AT", "GB", "US"))
    return Person(kind, name, f"{mailbox}@{_word(drawn, 3)}.example", phone, street, city, country)


def _word(drawn: random.Random, syllables: int) -> str:
    return "".join(drawn.choices(SYLLABLES, k=syllables))
