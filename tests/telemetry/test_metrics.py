from waystation.telemetry.metrics import Metrics


def test_tallies_are_exposed_as_prometheus_reads_them() -> None:
    metrics = Metrics()
    served = metrics.tally("acme/m1", "acme", 200)
    served.exchanges += 2
    served.prompt_tokens += 7
    served.cost += 1_500_000_000
    served.duration.observe(0.2)
    served.duration.observe(300.0)
    failed = metrics.tally("acme/m1", "acme", 502)
    failed.exchanges += 1
    failed.prompt_tokens += 3
    failed.duration.observe(0.01)
    metrics.tally('odd "name"', "", 499).cancelled += 1
    metrics.attempts["acme", 0] += 1

    lines = metrics.render({"live": ("Under way.", 3)}).splitlines()

    assert 'waystation_requests_total{model="acme/m1",provider="acme",status="200"} 2' in lines
    assert 'waystation_requests_total{model="acme/m1",provider="acme",status="502"} 1' in lines
    assert 'waystation_tokens_total{model="acme/m1",provider="acme",kind="prompt"} 10' in lines
    assert 'waystation_cost_usd_total{model="acme/m1",provider="acme"} 1.5' in lines
    assert r'waystation_cancelled_total{model="odd \"name\""} 1' in lines
    assert 'waystation_attempts_total{provider="acme",status="0"} 1' in lines
    assert 'waystation_duration_seconds_bucket{provider="acme",le="0.05"} 1' in lines
    assert 'waystation_duration_seconds_bucket{provider="acme",le="0.25"} 2' in lines
    assert 'waystation_duration_seconds_bucket{provider="acme",le="+Inf"} 3' in lines
    assert 'waystation_duration_seconds_sum{provider="acme"} 300.21' in lines
    assert "live 3" in lines
