"""A large file of customers with odd lines anywhere, and what must become of each of its rows."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

HEADER = "key,name,email,phone,note"
ODD_OF_1000 = 4
TWINS_OF_1000 = 5
TWO_LINES_OF_1000 = 5
# A row, and the field for which it is refused.
ODD = (
    ("{n},,,,", "name"),
    ("{n},No mail {n},no mail,,", "emails[0].address"),
    ("{n},No phone {n},,12,", "phones[0].number"),
    ("{n},Too many cells {n},,,,and one more", "surplus cells"),
    ("{n},No t\x00ext {n},,,", "name"),
    ("7,Seven again {n},,,", "key"),
)


@dataclass(slots=True)
class LargeFile:
    """The file, and what its rows say."""

    text: str
    names: Counter[str] = field(default_factory=Counter)
    """How many customers have which name afterwards."""
    notes: int = 0
    """How many of them have a note."""
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    """Line, field and key of each row that is refused, in their order."""

    @property
    def customers(self) -> int:
        """How many rows become customers."""
        return self.names.total()


def a_large_file(rows: int, dice: Random) -> LargeFile:
    """Return a file of so many rows: refused ones, some that say the same, some of two lines."""
    its = LargeFile("")
    lines = [HEADER]
    for n in range(rows):
        roll = dice.randrange(1000)
        line = len(lines) + its.notes + 1
        if n <= 7 or roll >= ODD_OF_1000 + TWINS_OF_1000 + TWO_LINES_OF_1000:
            lines.append(f"{n},Person {n},p{n}@x.example,,")
            its.names[f"Person {n}"] += 1
        elif roll < ODD_OF_1000:
            row, about = dice.choice(ODD)
            lines.append(row.format(n=n))
            its.refused.append((str(line), about, lines[-1].partition(",")[0]))
        elif roll < ODD_OF_1000 + TWINS_OF_1000:
            lines.append(f",Twin {n % 3},,,")
            its.names[f"Twin {n % 3}"] += 1
        else:
            lines.append(f'{n},Person {n},,,"first line\nsecond line"')
            its.names[f"Person {n}"] += 1
            its.notes += 1
    its.text = "\n".join([*lines, ""])
    return its
