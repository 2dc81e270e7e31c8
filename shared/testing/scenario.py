"""A rule is told as a story: given what happened, when somebody asks, then this follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from shared.errors import DaybookError

State = TypeVar("State")
Command = TypeVar("Command")
Happened = TypeVar("Happened")


@dataclass(frozen=True, slots=True)
class Scenario(Generic[State, Command, Happened]):
    """The story of one aggregate: how it begins, and the two functions that are its rules."""

    state: State
    decide: Callable[[State, Command], Sequence[Happened]]
    evolve: Callable[[State, Happened], State]

    def given(self, *events: Happened) -> "Scenario[State, Command, Happened]":
        """Let this have happened."""
        state = self.state
        for event in events:
            state = self.evolve(state, event)
        return replace(self, state=state)

    def when(self, command: Command) -> "Asked[State, Command, Happened]":
        """Ask for something."""
        try:
            return Asked(self, tuple(self.decide(self.state, command)), None)
        except DaybookError as error:
            return Asked(self, (), error)


@dataclass(frozen=True, slots=True)
class Asked(Generic[State, Command, Happened]):
    """What a command led to."""

    before: Scenario[State, Command, Happened]
    events: tuple[Happened, ...]
    refusal: DaybookError | None

    def then(self, *expected: Happened) -> "Scenario[State, Command, Happened]":
        """Expect exactly these events (none: it changes nothing); the story goes on after them."""
        if self.refusal is not None:
            raise AssertionError("it was refused, and should not have been") from self.refusal
        assert self.events == expected
        return self.before.given(*self.events)

    def then_refused(self, code: str) -> DaybookError:
        """Expect a refusal with this code; returns it, to look at who can help and how."""
        assert self.refusal is not None, f"it was not refused and led to {self.events}"
        assert self.refusal.problem_code == code
        return self.refusal
