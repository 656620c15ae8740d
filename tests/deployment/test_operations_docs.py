"""The pages for operators name what there is: every alert and fault has its section, every metric exists."""

from __future__ import annotations

import re

import yaml

from tests.deployment.compose import ROOT

PAGES = ROOT / "docs" / "how-to"
OPERATE = (PAGES / "operate.md").read_text()
RUNBOOK = (PAGES / "runbook.md").read_text()


def _source(*names: str) -> str:
    return "".join((ROOT / "moderation" / "services" / name).read_text() for name in names)


def _sections(page: str) -> set[str]:
    return set(re.findall(r"^### (\S+)", page, re.MULTILINE))


def _alerts() -> list[dict[str, str]]:
    (text,) = re.findall(r"```yaml\n(groups:.*?)```", OPERATE, re.DOTALL)
    rules: list[dict[str, str]] = yaml.safe_load(text)["groups"][0]["rules"]
    return rules


def test_every_alert_has_its_section() -> None:
    assert {rule["alert"] for rule in _alerts()} <= _sections(RUNBOOK)


def test_every_fault_has_its_section_and_its_test() -> None:
    faults = {f"F{number}" for number in range(1, 20)}

    assert faults <= _sections(RUNBOOK)
    tests = {path.name[5:8] for path in (ROOT / "tests" / "faults").glob("test_f*.py")}
    assert {f"f{number:02}" for number in range(1, 20)} <= tests


def test_every_metric_that_is_named_exists() -> None:
    named = set(re.findall(r"\bmoderation_[a-z_]+", OPERATE))
    source = _source("metrics.py", "operations/exposition.py")
    counted = set(re.findall(r'"moderation_([a-z_]+)"', source))
    gauges = set(re.findall(r'Gauge\(\s*"([a-z_]+)"', source))

    for name in named:
        bare = name.removeprefix("moderation_").removesuffix("_total")
        assert bare in counted | gauges, name
    for name in counted | gauges:
        assert f"moderation_{name}" in OPERATE, name


def test_every_reason_of_readiness_is_explained() -> None:
    source = _source("operations/health.py", "operations/canary.py")
    reasons = set(
        re.findall(r'"((?:\w+_(?:unavailable|damaged|behind|worker|long|missed|lost))|no_worker)"', source)
    )

    assert reasons
    for reason in reasons:
        assert f"`{reason}`" in OPERATE, reason


def test_what_could_not_be_run_is_said() -> None:
    assert "no Docker engine" in OPERATE
