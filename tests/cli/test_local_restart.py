"""A process that crashes is started again, at longer intervals; one that cannot start is not."""

from cli.local.restart import DELAYS_SECONDS, RestartPolicy


def test_a_program_that_never_was_ready_is_given_up_at_its_third_exit() -> None:
    policy = RestartPolicy()
    assert [policy.on_exit(0.1) for _ in range(3)] == [0.2, 0.5, None]
    assert (policy.restarts, policy.exits_before_ready) == (2, 3)


def test_a_program_that_was_ready_once_is_restarted_for_ever_at_longer_intervals() -> None:
    policy = RestartPolicy()
    policy.on_ready()
    delays = [policy.on_exit(0.1) for _ in range(8)]
    assert delays == [*DELAYS_SECONDS, 5.0, 5.0, 5.0]
    assert policy.restarts == 8


def test_a_program_that_ran_steadily_is_restarted_at_once() -> None:
    policy = RestartPolicy()
    policy.on_ready()
    for _ in range(4):
        policy.on_exit(0.1)
    assert policy.on_exit(ran_seconds=31) == DELAYS_SECONDS[0]
