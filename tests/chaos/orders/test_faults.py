from chaos.scenarios.orders.faults import KILLS, LONGEST_PAUSE_S, PAUSES, SHORTEST_PAUSE_S, schedule


def test_a_seed_draws_the_same_faults_again() -> None:
    """A run can be repeated from its seed."""
    assert schedule(100, 7) == schedule(100, 7) != schedule(100, 8)


def test_a_schedule_has_its_kills_and_a_quarter_as_many_pauses() -> None:
    """Faults are spread over the whole run in order, and every target is hit."""
    faults = schedule(1_000, 7)

    kills = [fault for fault in faults if fault.pause_s is None]
    pauses = [fault for fault in faults if fault.pause_s is not None]
    assert (len(kills), len(pauses)) == (1_000, 250)
    assert faults == sorted(faults, key=lambda fault: fault.due)
    assert 0 <= faults[0].due < 0.1
    assert 0.9 < faults[-1].due < 1
    assert {fault.target for fault in kills} == KILLS.keys()
    assert {fault.target for fault in pauses} == PAUSES.keys()
    assert all(SHORTEST_PAUSE_S <= (fault.pause_s or 0) <= LONGEST_PAUSE_S for fault in pauses)
