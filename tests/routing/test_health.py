"""What attempts teach of endpoints. All times are given: no test waits."""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.errors import (
    BadResponse,
    ConnectionFailed,
    CredentialRejected,
    GatewayError,
    InvalidRequest,
    ModelGone,
    Overloaded,
    RateLimited,
    TimedOut,
    UpstreamRejected,
)
from waystation.routing.health import (
    LONGEST_COOL_DOWN,
    OUTAGE_MEMORY,
    PROBE_PATIENCE,
    Health,
    Outcome,
    Result,
    SavedHealth,
    result_of,
)
from waystation.routing.standing import DEMOTED, LAST, EndpointHealth

T = 1_780_000_000.0
KEY = "acme/m1 a"


def outcome(result: Result, at: float, **facts: object) -> Outcome:
    return Outcome("acme/m1", "a", at, result, **facts)  # type: ignore[arg-type]


def after(*outcomes: Outcome, at: float, remembers: bool = True) -> EndpointHealth:
    health = Health(remembers=remembers)
    for one in outcomes:
        health.observe(one)
    return health.snapshot(at).of(KEY)


def many(result: Result, count: int, until: float, every: float = 1.0) -> list[Outcome]:
    return [outcome(result, until - every * number) for number in reversed(range(count))]


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (None, Result.SUCCESS),
        (RateLimited("", upstream_status=429), Result.RATE_LIMITED),
        (UpstreamRejected("", upstream_status=400), Result.UNCOUNTED),
        (UpstreamRejected("", upstream_status=413), Result.UNCOUNTED),
        (CredentialRejected("", upstream_status=403), Result.UNCOUNTED),
        (CredentialRejected("", upstream_status=401), Result.FAILURE),
        (CredentialRejected("", upstream_status=402), Result.FAILURE),
        (ModelGone("", upstream_status=404), Result.FAILURE),
        (Overloaded("", upstream_status=500), Result.FAILURE),
        (TimedOut(""), Result.FAILURE),
        (ConnectionFailed(""), Result.FAILURE),
        (BadResponse(""), Result.FAILURE),
        (InvalidRequest(""), Result.UNCOUNTED),
    ],
)
def test_which_errors_count_for_uptime(error: GatewayError | None, result: Result) -> None:
    assert result_of(error) is result


def test_an_endpoint_never_tried_is_well() -> None:
    assert Health().snapshot(T).of(KEY) == EndpointHealth()


def test_a_failure_of_a_quiet_endpoint_is_an_outage_for_30_seconds() -> None:
    health = after(outcome(Result.FAILURE, T), at=T)
    assert health.outage_until == T + OUTAGE_MEMORY == T + 30
    assert health.unproven


def test_a_rare_failure_among_many_successes_is_no_outage() -> None:
    health = after(*many(Result.SUCCESS, 60, T, 0.1), outcome(Result.FAILURE, T), at=T)
    assert health.outage_until == 0
    health = after(*many(Result.SUCCESS, 60, T, 0.1), *(outcome(Result.FAILURE, T) for _ in range(40)), at=T)
    assert health.outage_until == T + 30


def test_one_probe_at_a_time_once_the_outage_is_over() -> None:
    recorder = Health()
    recorder.observe(outcome(Result.FAILURE, T))
    recorder.begin(KEY, T + 10)
    assert recorder.snapshot(T + 10).of(KEY).probe_until == 0, "no probe before the outage is over"
    recorder.begin(KEY, T + 31)
    assert recorder.snapshot(T + 31).of(KEY).unstable_until() == T + 31 + PROBE_PATIENCE
    recorder.observe(outcome(Result.SUCCESS, T + 32))
    proven = recorder.snapshot(T + 32).of(KEY)
    assert not proven.unproven
    assert proven.unstable_until() == 0


def test_a_probe_that_fails_renews_the_outage() -> None:
    recorder = Health()
    recorder.observe(outcome(Result.FAILURE, T))
    recorder.begin(KEY, T + 31)
    recorder.observe(outcome(Result.FAILURE, T + 33))
    assert recorder.snapshot(T + 33).of(KEY).outage_until == T + 63


def test_a_probe_that_says_nothing_lets_the_next_one_through() -> None:
    recorder = Health()
    recorder.observe(outcome(Result.FAILURE, T))
    recorder.begin(KEY, T + 31)
    recorder.observe(outcome(Result.UNCOUNTED, T + 32))
    assert recorder.snapshot(T + 32).of(KEY).unstable_until() == T + 30


def test_a_success_amid_failures_does_not_end_an_outage() -> None:
    failures = [outcome(Result.FAILURE, T + number / 10) for number in range(10)]
    assert after(*failures, outcome(Result.SUCCESS, T + 1), at=T + 1).unproven


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [(None, 2), (7.0, 7), (0.5, 0.5), (100_000.0, LONGEST_COOL_DOWN)]
)
def test_a_429_cools_the_endpoint_down_for_as_long_as_it_says(
    retry_after: float | None, seconds: float
) -> None:
    health = after(outcome(Result.RATE_LIMITED, T, retry_after=retry_after), at=T)
    assert health.cooling_until == T + seconds
    assert health.outage_until == 0


def test_429s_in_a_row_cool_down_longer_and_longer() -> None:
    recorder = Health()
    waits = []
    for number in range(8):
        at = T + 100 * number
        recorder.observe(outcome(Result.RATE_LIMITED, at))
        waits.append(recorder.snapshot(at).of(KEY).cooling_until - at)
    assert waits == [2, 4, 8, 16, 32, 64, 64, 64]


def test_a_cool_down_is_of_the_key_where_another_is_good() -> None:
    recorder = Health()
    recorder.observe(outcome(Result.RATE_LIMITED, T, retry_after=9.0, other_keys=True))
    assert recorder.snapshot(T).of(KEY).cooling_until == 0
    recorder.observe(outcome(Result.RATE_LIMITED, T, retry_after=9.0))
    assert recorder.snapshot(T).of(KEY).cooling_until == T + 9


@pytest.mark.parametrize(
    ("failures", "observations", "demotion"),
    [(0, 100, 0), (5, 100, 0), (6, 100, DEMOTED), (20, 100, DEMOTED), (21, 100, LAST), (99, 99, 0)],
)
def test_uptime_demotes_from_100_observations_on(failures: int, observations: int, demotion: int) -> None:
    outcomes = many(Result.FAILURE, failures, T - 150) + many(Result.SUCCESS, observations - failures, T - 40)
    assert after(*sorted(outcomes, key=lambda one: one.ended), at=T).demotion == demotion


def test_400s_and_429s_do_not_count_for_uptime() -> None:
    outcomes = [
        *many(Result.SUCCESS, 50, T),
        *many(Result.UNCOUNTED, 50, T),
        *many(Result.RATE_LIMITED, 50, T),
    ]
    health = after(*outcomes, at=T)
    assert (health.uptime_5m, health.requests_30m) == (100, 50)


def test_time_alone_ends_a_demotion() -> None:
    recorder = Health()
    for one in many(Result.FAILURE, 200, T):
        recorder.observe(one)
    assert recorder.snapshot(T).of(KEY).demotion == LAST
    assert recorder.snapshot(T + 1_700).of(KEY).demotion == LAST
    assert recorder.snapshot(T + 2_400).of(KEY).demotion == 0


def test_without_memory_nobody_is_thought_ill_of_but_figures_are_kept() -> None:
    outcomes = [*many(Result.FAILURE, 150, T), outcome(Result.RATE_LIMITED, T, retry_after=9.0)]
    health = after(*outcomes, at=T, remembers=False)
    assert health.uptime_5m == 0
    assert (health.outage_until, health.cooling_until, health.demotion, health.unproven) == (0, 0, 0, False)


def test_a_snapshot_never_changes_and_is_the_same_until_something_does() -> None:
    recorder = Health()
    recorder.observe(outcome(Result.FAILURE, T))
    before = recorder.snapshot(T)
    assert recorder.snapshot(T + 0.5) is before
    recorder.observe(outcome(Result.RATE_LIMITED, T + 1, retry_after=5.0))
    assert before.of(KEY).cooling_until == 0
    assert recorder.snapshot(T + 1).of(KEY).cooling_until == T + 6


def test_percentiles_are_those_of_five_minutes_and_within_five_percent() -> None:
    random = Random(7)
    latencies = [random.lognormvariate(0, 1) for _ in range(2_000)]
    recorder = Health()
    recorder.observe(outcome(Result.SUCCESS, T - 400, latency=500.0))
    for number, latency in enumerate(latencies):
        recorder.observe(
            outcome(Result.SUCCESS, T - 290 + number / 10, latency=latency, throughput=10 * latency)
        )
    found = recorder.snapshot(T).of(KEY)
    assert found.latency is not None
    assert found.throughput is not None
    latencies.sort()
    for share, latency, throughput in (
        (0.5, found.latency.p50, found.throughput.p50),
        (0.75, found.latency.p75, found.throughput.p75),
        (0.9, found.latency.p90, found.throughput.p90),
        (0.99, found.latency.p99, found.throughput.p99),
    ):
        assert latency == pytest.approx(latencies[round(share * 2_000) - 1], rel=0.05)
        slow = latencies[round((1 - share) * 2_000) - 1]
        assert throughput == pytest.approx(10 * slow, rel=0.05), "a throughput's p90 is what 90 % exceed"


def test_tool_success_is_the_share_of_answers_with_calls_that_were_valid() -> None:
    outcomes = [outcome(Result.SUCCESS, T, tools_asked=True, calls_valid=number != 0) for number in range(4)]
    health = after(*outcomes, outcome(Result.SUCCESS, T, tools_asked=True), at=T)
    assert (health.tool_requests_2h, health.tool_success) == (4, 0.75)


def test_statistics_reach_back_five_minutes_half_an_hour_and_a_day() -> None:
    recorder = Health()
    for hours in (30, 20, 10):
        recorder.observe(outcome(Result.FAILURE, T - 3600 * hours))
    recorder.observe(outcome(Result.FAILURE, T - 1_000))
    recorder.observe(outcome(Result.SUCCESS, T - 60, latency=1.0))
    shown = recorder.statistics(KEY, T)
    assert (shown.uptime_5m, shown.uptime_30m, shown.uptime_1d) == (100, 50, 25)
    assert shown.latency_30m is not None
    assert shown.throughput_30m is None
    assert recorder.statistics("acme/m1 nobody", T).uptime_1d is None


def test_what_was_learnt_survives_a_restart() -> None:
    before = Health()
    for one in [*many(Result.SUCCESS, 150, T - 5), *many(Result.FAILURE, 150, T)]:
        before.observe(one)
    before.observe(outcome(Result.RATE_LIMITED, T, retry_after=60.0))
    document = msgspec.json.encode(before.saved())
    restarted = Health()
    restarted.restore(msgspec.json.decode(document, type=SavedHealth), T + 1)
    assert restarted.snapshot(T + 1).of(KEY) == before.snapshot(T + 1).of(KEY)
    restarted.observe(outcome(Result.SUCCESS, T + 2))
    assert restarted.statistics(KEY, T + 2).uptime_30m == pytest.approx(100 * 151 / 301)


def test_endpoints_that_nobody_asked_for_a_day_are_forgotten_by_the_next_process() -> None:
    before = Health()
    before.observe(outcome(Result.SUCCESS, T))
    restarted = Health()
    restarted.restore(before.saved(), T + 86_401)
    assert not restarted.saved().records


def sharing(*outcomes: Outcome) -> Health:
    health = Health(shares=True)
    for one in outcomes:
        health.observe(one)
    return health


def test_workers_that_tell_each_other_know_what_one_that_saw_everything_knows() -> None:
    seen = [
        Outcome(
            "acme/m1", tag, T + number / 10, result, latency=0.1 + number % 7, throughput=20.0 + number % 30
        )
        for number in range(600)
        for tag, result in (
            ("a", Result.SUCCESS),
            ("b", Result.FAILURE if number % 9 == 0 else Result.SUCCESS),
        )
    ]
    everything, workers = sharing(*seen), [sharing(), sharing(), sharing()]
    for number, one in enumerate(seen):
        workers[number % 3].observe(one)
        if number % 30 == 29:
            told = [worker.news(one.ended) for worker in workers]
            for worker, own in zip(workers, told, strict=True):
                for news in told:
                    if news is not own:
                        worker.hear(news)
    now = T + 61
    for key in ("acme/m1 a", "acme/m1 b"):
        whole = everything.statistics(key, now)
        assert [worker.statistics(key, now) for worker in workers] == [whole] * 3
        assert {worker.snapshot(now).of(key).requests_30m for worker in workers} == {600}


def test_what_a_worker_heard_it_does_not_tell_again() -> None:
    first, second = sharing(outcome(Result.FAILURE, T)), sharing()
    news = first.news(T)
    second.hear(news)
    assert [one.tally.failures for one in news] == [1]
    assert second.news(T + 1) == first.news(T + 1) == []


def test_a_cool_down_that_one_worker_was_asked_for_is_kept_by_the_others() -> None:
    first, second = sharing(outcome(Result.RATE_LIMITED, T, retry_after=60.0)), sharing()
    second.hear(first.news(T))
    assert second.snapshot(T + 1).of(KEY).cooling_until == T + 60


def test_while_one_worker_probes_the_others_do_not_and_hear_that_it_went_well() -> None:
    first, second = sharing(outcome(Result.FAILURE, T)), sharing()
    second.hear(first.news(T))
    first.begin(KEY, T + 31)
    second.hear(first.news(T + 31))
    assert second.snapshot(T + 31).of(KEY).probe_until == T + 31 + PROBE_PATIENCE
    first.observe(outcome(Result.SUCCESS, T + 32))
    second.hear(first.news(T + 32))
    assert second.snapshot(T + 34).troubled == first.snapshot(T + 34).troubled == {}


def test_news_of_long_ago_change_nothing_that_was_learnt_since() -> None:
    first, second = sharing(outcome(Result.FAILURE, T)), sharing()
    late = first.news(T)
    second.observe(outcome(Result.FAILURE, T + 5))
    second.hear(late)
    assert second.snapshot(T + 6).of(KEY).outage_until == T + 5 + OUTAGE_MEMORY


def test_a_worker_that_is_alone_keeps_nothing_to_tell() -> None:
    health = Health()
    health.observe(outcome(Result.FAILURE, T))
    assert health.news(T) == []


def test_figures_of_many_endpoints_are_computed_a_few_at_a_time() -> None:
    recorder = Health()
    for number in range(12):
        recorder.observe(Outcome("acme/m1", f"p{number}", T, Result.SUCCESS, latency=1.0))
    sizes = [len(recorder.snapshot(T).endpoints) for _ in range(4)]
    assert sizes == [5, 10, 12, 12]


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5_000), st.floats(-10, 1e9)), min_size=1, max_size=300))
def test_memory_is_bounded_whatever_comes_in_whatever_order(seen: list[tuple[float, float]]) -> None:
    recorder = Health()
    at = T
    for step, value in seen:
        at += step - 500  # clocks go back too
        recorder.observe(outcome(Result.SUCCESS, at, latency=value, throughput=value))
    windows = recorder.saved().records[KEY].windows
    assert len(windows.fine) <= 11
    assert len(windows.middle) <= 7
    assert len(windows.coarse) <= 25
    assert all(len(tally.latency) <= 200 for ring in (windows.fine, windows.middle) for tally in ring)
