"""Who is in which team and department, so that a row filter can name them; counted when asked."""

from collections.abc import Mapping

from shared.authorization.state import Subject


class Membership:
    """Teams and departments of one world, shared by the next ones until somebody moves."""

    __slots__ = ("_by_department", "_by_team", "_subjects")

    def __init__(self, subjects: Mapping[str, Subject]) -> None:
        self._subjects = subjects
        self._by_team: dict[str, set[str]] | None = None
        self._by_department: dict[str, set[str]] | None = None

    def after(
        self,
        touched: Mapping[str, Subject],
        before: Mapping[str, Subject],
        subjects: Mapping[str, Subject],
    ) -> "Membership":
        """Return the membership after the touched subjects became what they are in `subjects`."""
        for name, subject in touched.items():
            was = before.get(name)
            if was is None or (was.teams, was.department) != (subject.teams, subject.department):
                return Membership(subjects)
        # Nobody moved, so either says the same; the older one would only be kept in memory.
        self._subjects = subjects
        return self

    def of_teams(self, teams: frozenset[str]) -> frozenset[str]:
        """Return everybody who is in one of the teams."""
        if self._by_team is None:
            self._by_team = {}
            for name, subject in self._subjects.items():
                for team in subject.teams:
                    self._by_team.setdefault(team, set()).add(name)
        return frozenset().union(*(self._by_team.get(team, ()) for team in teams))

    def of_department(self, department: str | None) -> frozenset[str]:
        """Return everybody who is in the department or one below it."""
        if department is None:
            return frozenset()
        if self._by_department is None:
            self._by_department = {}
            for name, subject in self._subjects.items():
                if subject.department is not None:
                    self._by_department.setdefault(subject.department, set()).add(name)
        each = self._by_department.items()
        return frozenset().union(*(some for path, some in each if lies_under(path, department)))


def lies_under(path: str, department: str) -> bool:
    """Say whether a department's path is the other's, or below it (sales/emea under sales)."""
    return path == department or path.startswith(f"{department}/")
