"""Reads the shared benchmark database as the Python tool does, in words of our own.

A record becomes an object by its top-level keys alone: one key too many or too few, and it is skipped without a word.
What the tool does with the records afterwards is done here too, so that a wrong type fails.
"""

import dataclasses
import datetime
import json
import sys


@dataclasses.dataclass
class BenchmarkRecord:
    id: str
    timestamp: str
    gpu_type: str
    gpu_count: int
    vram_per_gpu: int
    total_vram: int
    hourly_cost: float
    model_id: str
    model_category: str
    vllm_config: dict
    results_by_category: dict
    summary: dict
    tests: list


def read(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    assert data["version"] == "1.0", data["version"]
    records, dropped = [], []
    for raw in data["benchmarks"]:
        try:
            records.append(BenchmarkRecord(**raw))
        except TypeError:
            dropped.append(raw.get("id"))
    return records, dropped


def checked(record):
    """What each of the tool's commands touches."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        wanted = (int, float) if field.type is float else field.type
        assert isinstance(value, wanted) and not isinstance(value, bool), (record.id, field.name)
    measured = datetime.datetime.fromisoformat(record.timestamp)
    # The age is told by a difference to a time without a zone; a simulated clock runs ahead of ours.
    assert (datetime.datetime.now() - measured).days >= -1, record.timestamp
    summary = record.summary
    for category, figures in record.results_by_category.items():
        line = f"{category} {figures['avg_tokens_per_sec']:.2f} {figures['total_time']:.2f}"
        line += f" {figures['total_tokens']:d} {figures['cost_per_1k_tokens']:.4f}"
        assert f"{line} {figures['tests_passed']:d}"
    for test in record.tests:
        assert isinstance(test["test_name"], str) and isinstance(test["category"], str)
        assert isinstance(test["prompt"], str) and isinstance(test["success"], bool)
        if test["success"]:
            assert test["total_tokens"] == test["prompt_tokens"] + test["completion_tokens"]
            assert f"{test['expected_tokens']:d} {test['tokens_per_sec']:.1f} {test['elapsed_time']:.2f}"
            assert len(test["completion"]) <= 200
    # Python's own arithmetic on the aware moment, under the zone of this process.
    utc = summary.get("finished_utc")
    moment = None if utc is None else datetime.datetime.fromisoformat(utc.replace("Z", "+00:00"))
    return {
        "id": record.id,
        "row": f"{record.gpu_count:d} {record.total_vram:d} {summary['avg_tokens_per_sec']:.1f}"
        f" {summary['cost_per_1k_tokens']:.4f} {record.hourly_cost:.2f}"
        f" {summary['avg_tokens_per_sec'] / record.hourly_cost:.1f}"
        f" {summary['tests_passed']:d}/{summary['tests_total']:d}",
        "local": None if moment is None else abs((measured.astimezone() - moment).total_seconds()),
    }


kept, lost = read(sys.argv[1])
json.dump({"kept": [checked(record) for record in kept], "dropped": lost}, sys.stdout)
