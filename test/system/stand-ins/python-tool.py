"""Reads and writes a benchmark database with the habits of the Python tool that shares it, its faults included.

python-tool.py load FILE              prints the ids that its reader keeps, and how many it drops
python-tool.py write FILE COUNT NAME  adds records one by one; prints the ids of the calls that did not fail
"""

import fcntl
import json
import os
import sys
from datetime import datetime

FIELDS = {
    "id", "timestamp", "gpu_type", "gpu_count", "vram_per_gpu", "total_vram", "hourly_cost",
    "model_id", "model_category", "vllm_config", "results_by_category", "summary", "tests",
}


def read(path):
    with open(path, "r") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_SH)
        try:
            return json.load(file)
        finally:
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def load(path):
    data = read(path)
    kept = [record["id"] for record in data["benchmarks"] if set(record) == FIELDS]
    # What it does with them at once: money with two digits, times without a zone.
    for record in data["benchmarks"]:
        f"{record['hourly_cost']:.2f} {record['summary']['avg_tokens_per_sec']:.1f}"
        datetime.fromisoformat(record["timestamp"])
    print(json.dumps({"version": data["version"], "kept": kept, "dropped": len(data["benchmarks"]) - len(kept)}))


def record(name):
    figures = {
        "avg_tokens_per_sec": 44.1, "total_time": 22.8, "total_tokens": 1007,
        "cost_per_1k_tokens": 0.0188, "tests_passed": 4,
    }
    return {
        "id": name, "timestamp": datetime.now().isoformat(), "gpu_type": "g1-gpu-rtx6000-2",
        "gpu_count": 2, "vram_per_gpu": 48, "total_vram": 96, "hourly_cost": 3.0,
        "model_id": "Qwen/Qwen2.5-72B-Instruct-AWQ", "model_category": "70b",
        "vllm_config": {"tensor_parallel_size": 2, "max_model_len": 32768, "gpu_memory_utilization": 0.9},
        "results_by_category": {"coding": figures}, "summary": {**figures, "tests_total": 4},
        "tests": [{"test_name": "Code review", "category": "coding", "prompt": "p" * 5000, "success": True}],
    }


def write(path, count, name):
    done = []
    for number in range(int(count)):
        try:
            data = read(path)
            data["benchmarks"].append(record(f"{name}-{number}"))
            temporary = os.path.splitext(path)[0] + ".tmp"
            # Truncated before the lock is asked for, and unlocked before the last of it is written.
            with open(temporary, "w") as file:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX)
                json.dump(data, file, indent=2)
                fcntl.flock(file.fileno(), fcntl.LOCK_UN)
            os.replace(temporary, path)
            done.append(f"{name}-{number}")
        except (OSError, ValueError):
            continue
    print(json.dumps(done))


if __name__ == "__main__":
    {"load": load, "write": write}[sys.argv[1]](*sys.argv[2:])
