"""An access file is a page that a person reads and keeps: it needs nothing but itself."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from services.customers.api.bilingual import ACCESS_WORDS, word

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #bbb;padding:.3rem .5rem;
text-align:start;vertical-align:top;overflow-wrap:anywhere}th{background:#f2f2f2;width:16rem}
h2{margin-top:2.5rem}.zh{color:#555}"""


def access_page(view: Mapping[str, Any]) -> str:
    """Return the page: in English and Chinese, each value as it is, in its own direction."""
    sections = "".join(
        f"<section><h2>{_both(name)}</h2>{_shown(view[name])}</section>"
        for name in view
        if name not in {"made_at", "made_by"}
    )
    title = _both("title")
    made = f"<p>{_both('made_at')}: {_text(view['made_at'])}</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(ACCESS_WORDS['title'][0])}</title><style>{STYLE}</style></head>"
        f"<body><h1>{title}</h1>{made}<p>{_both('explained')}</p>{sections}</body></html>"
    )


def _both(name: str) -> str:
    english, chinese = word(name)
    return f'{escape(english)} <span class="zh" lang="zh">{escape(chinese)}</span>'


def _shown(value: object) -> str:
    match value:
        case _ if value is None or value in ([], (), {}):
            return f"<p>{_both('nothing')}</p>"
        case Mapping():
            return _table((str(name), each) for name, each in value.items())
        case list() | tuple():
            return "<ol>" + "".join(f"<li>{_shown(each)}</li>" for each in value) + "</ol>"
        case _:
            return _text(value)


def _table(rows: Iterable[tuple[str, object]]) -> str:
    told = "".join(
        f"<tr><th>{escape(name)}</th><td>{_shown(value)}</td></tr>" for name, value in rows
    )
    return f"<table>{told}</table>"


def _text(value: object) -> str:
    return f'<bdi dir="auto">{escape(str(value))}</bdi>'
