"""What a person expects to find: sixty examples, and how much else may come with it."""

# ruff: noqa: RUF001 - letters that look alike are what is tried here

from dataclasses import dataclass
from uuid import uuid4

from services.customers.domain.customer.contact_events import (
    EmailAddress,
    PhoneNumber,
    PostalAddress,
)
from services.customers.domain.customer.events import CustomerRegistered, RegisteredDetails

# name · e-mail · phone as given · in E.164 · street · city
PEOPLE: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("Ada Lovelace", "ada@analytical.example", "+44 20 7946 0958", "+442079460958", "", "London"),
    ("Grace Hopper", "amazing.grace@navy.example", "", "", "1 Harbor Way", "Arlington"),
    ("Hans Müller", "h.mueller@gmx.example", "0171 1234567", "+491711234567", "Gartenweg", "Köln"),
    ("Petra Mueller", "petra@mueller.example", "", "", "Königsallee 12", "Düsseldorf"),
    ("Jens Muller", "jens.muller@post.example", "", "", "", "Kiel"),
    ("Michael Schmidt", "m.schmidt@firma.example", "089 1234-567", "+49891234567", "", "München"),
    ("Jörg Schäfer", "joerg@schaefer.example", "", "", "Hauptstraße 7", "Ulm"),
    ("Weiß & Söhne GmbH", "kontakt@weiss.example", "", "", "", "Fürth"),
    ("Sean O'Brien", "sean@obrien.example", "", "", "", "Cork"),
    ("Jean-Luc Picard", "jl@picard.example", "", "", "", "La Barre"),
    ("José García", "jose@garcia.example", "+34 600 123 456", "+34600123456", "", "Málaga"),
    ("Øystein Ås", "oystein@as.example", "", "", "", "Tromsø"),
    ("Łukasz Żółty", "lukasz@zolty.example", "", "", "", "Łódź"),
    ("İpek Yılmaz", "ipek@yilmaz.example", "", "", "", "İzmir"),
    ("Εύα Παππά", "eva@pappa.example", "", "", "", "Αθήνα"),
    ("Анна Королёва", "anna@koroleva.example", "", "", "", "Москва"),
    ("محمد علي", "m.ali@post.example", "", "", "", "القاهرة"),
    ("3M Deutschland", "info@3m.example", "", "", "", "Neuss"),
    ("100% Bio", "hallo@hundert.example", "", "", "", "Bonn"),
    ("海望科技有限公司", "info@haiwang.example", "010 6552 9988", "+861065529988", "", "北京"),
    ("上海海望贸易", "sh@haiwang.example", "", "", "南京路 100 号", "上海"),
    ("王伟", "wang.wei@mail.example", "138 0013 8000", "+8613800138000", "", "广州"),
    ("王小明", "xm.wang@mail.example", "", "", "", "深圳"),
    ("李娜", "lina@mail.example", "", "", "", "武汉"),
    ("曾国藩", "zeng@mail.example", "", "", "", "长沙"),
    ("重庆银行", "service@cqbank.example", "", "", "", "重庆"),
    ("吕布", "lvbu@mail.example", "", "", "", "西安"),
    ("山田太郎", "taro@yamada.example", "", "", "", "東京"),
    ("カタカナ商事", "kata@kana.example", "", "", "", "大阪"),
    ("김철수", "kim@post.example", "", "", "", "서울"),
    ("ＡＢＣ Trading", "abc@trading.example", "", "", "", "香港"),
    ("Christopher Zimmermann", "cz@holz.example", "", "", "", "Graz"),
    ("Christine Zimmer", "christine@zimmer.example", "", "", "", "Linz"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """A text, who must be found (the first of them first), and how many others may be."""

    text: str
    found: tuple[str, ...]
    others: int = 0
    how: str = ""


EXAMPLES: tuple[Example, ...] = (
    # Latin: beginnings, words, parts, more words in any order, case, space
    Example("Ada Lovelace", ("Ada Lovelace",), how="name whole"),
    Example("ada", ("Ada Lovelace",), others=1, how="name beginning"),
    Example("LOVE", ("Ada Lovelace",), how="name word"),
    Example("ovela", ("Ada Lovelace",), how="name part"),
    Example("lovelace ada", ("Ada Lovelace",)),
    Example("  grace   hop ", ("Grace Hopper",), how="name beginning"),
    Example("ace hop", ("Grace Hopper",)),
    Example("zimmer", ("Christine Zimmer", "Christopher Zimmermann")),
    Example("chris z", ("Christine Zimmer", "Christopher Zimmermann")),
    Example("je", ("Jean-Luc Picard", "Jens Muller")),
    # Umlauts and ß, both ways
    Example("Müller", ("Hans Müller", "Jens Muller", "Petra Mueller")),
    Example("mueller", ("Hans Müller", "Jens Muller", "Petra Mueller")),
    Example("muller", ("Hans Müller", "Jens Muller", "Petra Mueller")),
    Example("MU\u0308LLER hans", ("Hans Müller",)),
    Example("schaefer", ("Jörg Schäfer",)),
    Example("Joerg", ("Jörg Schäfer",)),
    Example("jorg schafer", ("Jörg Schäfer",)),
    Example("weiss", ("Weiß & Söhne GmbH",), how="name beginning"),
    Example("soehne", ("Weiß & Söhne GmbH",)),
    Example("Königsallee", ("Petra Mueller",), how="address beginning"),
    Example("hauptstrasse", ("Jörg Schäfer",)),
    # Other accents and letters
    Example("garcia", ("José García",)),
    Example("JOSÉ", ("José García",)),
    Example("oystein", ("Øystein Ås",)),
    Example("lukasz zolty", ("Łukasz Żółty",)),
    Example("ipek yilmaz", ("İpek Yılmaz",)),
    # Other scripts
    Example("ευα", ("Εύα Παππά",)),
    Example("королева", ("Анна Королёва",)),
    Example("علي", ("محمد علي",)),
    Example("محمّد", ("محمد علي",)),
    # Signs in names
    Example("obrien", ("Sean O'Brien",)),
    Example("o'brien", ("Sean O'Brien",)),
    Example("brien", ("Sean O'Brien",)),
    Example("jean luc", ("Jean-Luc Picard",)),
    Example("jeanluc", ("Jean-Luc Picard",)),
    Example("3m", ("3M Deutschland",)),
    Example("100%", ("100% Bio",), how="name beginning"),
    # Parts of e-mail addresses
    Example("amazing.grace@navy.example", ("Grace Hopper",), how="email whole"),
    Example("amazing.", ("Grace Hopper",), how="email beginning"),
    Example("@navy", ("Grace Hopper",), how="email part"),
    Example("schmidt@firma", ("Michael Schmidt",)),
    # Phones: any part, national or international, however written
    Example("+44 20 7946 0958", ("Ada Lovelace",), how="phone whole"),
    Example("0958", ("Ada Lovelace",), how="phone part"),
    Example("7946", ("Ada Lovelace",), how="phone part"),
    Example("0171 1234567", ("Hans Müller",), how="phone part"),
    Example("+49 (0)89 1234-567", ("Michael Schmidt",), how="phone whole"),
    Example("0049 89", ("Michael Schmidt",)),
    Example("138 0013 8000", ("王伟",), how="phone part"),
    # Chinese, Japanese, Korean
    Example("海望", ("海望科技有限公司", "上海海望贸易")),
    Example("海望科技", ("海望科技有限公司",), how="name beginning"),
    Example("科技", ("海望科技有限公司",), how="name part"),
    Example("王", ("王伟", "王小明"), how="name beginning"),
    Example("娜", ("李娜",)),
    Example("南京路", ("上海海望贸易",), how="address beginning"),
    Example("太郎", ("山田太郎",)),
    Example("商事", ("カタカナ商事",)),
    Example("철수", ("김철수",)),
    # Width
    Example("abc", ("ＡＢＣ Trading",)),
    Example("ａｂｃ ｔｒａｄ", ("ＡＢＣ Trading",)),
    # Pinyin: whole, by syllable, initials, readings of phrases and of surnames
    Example("haiwang", ("海望科技有限公司", "上海海望贸易")),
    Example("hai wang ke ji", ("海望科技有限公司",)),
    Example("hw", ("海望科技有限公司",), how="name initials"),
    Example("wangwei", ("王伟",), how="name sound"),
    Example("wxm", ("王小明",), how="name initials"),
    Example("chongqing yinhang", ("重庆银行",), how="name sound"),
    Example("zengguofan", ("曾国藩",), how="name sound"),
    Example("lubu", ("吕布",)),
    # One letter wrong: another, too few, too many, swapped
    Example("Lovelase", ("Ada Lovelace",), how="name misspelt"),
    Example("Hoper", ("Grace Hopper",), how="name misspelt"),
    Example("Schmiddt", ("Michael Schmidt",), how="name misspelt"),
    Example("micheal schmidt", ("Michael Schmidt",), how="name misspelt"),
    Example("Zimemrmann", ("Christopher Zimmermann",), how="name misspelt"),
    # Nobody
    Example("nobody at all", ()),
    Example("qqq", ()),
    Example("%", ()),
    Example("...", ()),
)  # fmt: skip


def registered_of(person: tuple[str, str, str, str, str, str]) -> CustomerRegistered:
    """Return the registration of one of PEOPLE."""
    name, email, given, number, street, city = person
    phones = (PhoneNumber(id=uuid4(), given=given, number=number),) if number else ()
    details = RegisteredDetails(
        name=name,
        emails=(EmailAddress(id=uuid4(), address=email),),
        phones=phones,
        addresses=(PostalAddress(id=uuid4(), street=street or None, city=city),),
    )
    return CustomerRegistered(kind="person", key_commitment="c", personal=details)
