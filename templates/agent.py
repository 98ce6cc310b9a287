#!/usr/bin/python3
# The only program that maider-sweep runs on a VM: `agent VERB`, with JSON on stdin and stdout.
# Exit code 0 = done, 2 = request refused, 1 = failed; the reason is on stderr. No shell is started, and a
# value reaches docker only as `--option=value` after its type and format were checked.
# The MAIDER_SWEEP_ variables are for tests: a prefix of every path, another port, shorter waits.
import fcntl
import glob
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = os.environ.get("MAIDER_SWEEP_ROOT", "")
PORT = int(os.environ.get("MAIDER_SWEEP_PORT", "8000"))
PAUSE = float(os.environ.get("MAIDER_SWEEP_PAUSE", "1"))
RUN = ROOT + "/run/maider-sweep"
SECRET = RUN + "/secret/hf_token"
CACHE = ROOT + "/var/lib/maider-sweep/huggingface"
LOG = ROOT + "/var/log/maider-sweep/server.log"
NAME = "maider-sweep-vllm"
HUB = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
HASH = re.compile(r"[0-9a-f]{40}")
PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
IMAGE = (
    r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?/)?" + PART + "(?:/" + PART + ")*"
    r"(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


class Refused(Exception):
    pass


def text(pattern, longest=255):
    form = re.compile(pattern, re.ASCII)
    return lambda v: type(v) is str and len(v) <= longest and form.fullmatch(v)


def model_id(v):
    return text(r"\w[\w.-]{0,95}(?:/\w[\w.-]{0,95})?")(v) and not re.search(r"--|\.\.|\.git$", v)


def whole(low, high):
    return lambda v: type(v) is int and low <= v <= high


def boolean(v):
    return type(v) is bool


def optional(check):
    return lambda v: v is None or check(v)


WORD = text(r"[a-z][a-z0-9_-]{0,39}")
# Each field's check and vLLM option; fields without an option are handled separately.
FIELDS = {
    "image": (text(IMAGE), None),
    "model": (model_id, None),
    "revision": (optional(text(r"\w[\w.-]{0,95}")), "--revision"),
    "tensor_parallel_size": (whole(1, 16), "--tensor-parallel-size"),
    "pipeline_parallel_size": (whole(1, 16), "--pipeline-parallel-size"),
    "max_model_len": (whole(1, 10**7), "--max-model-len"),
    "gpu_memory_utilization": (
        lambda v: type(v) in (int, float) and 0.1 <= v <= 1,
        "--gpu-memory-utilization",
    ),
    "dtype": (WORD, "--dtype"),
    "quantization": (optional(WORD), "--quantization"),
    "attention_backend": (optional(text(r"[A-Z][A-Z0-9_]{0,39}")), "--attention-backend"),
    "kv_cache_dtype": (optional(WORD), "--kv-cache-dtype"),
    "enforce_eager": (boolean, "--enforce-eager"),
    "max_num_seqs": (optional(whole(1, 65536)), "--max-num-seqs"),
    "trust_remote_code": (boolean, "--trust-remote-code"),
    "stream_interval": (optional(whole(1, 1024)), "--stream-interval"),
    "disable_xet": (boolean, None),
    "disable_p2p": (boolean, None),
}


# Optional: version 0.1 does not send them, later versions only if true.
DEFAULTS = {"disable_xet": False, "disable_p2p": False}


def check_request(request):
    if type(request) is dict:
        for name, value in DEFAULTS.items():
            request.setdefault(name, value)
    if type(request) is not dict or set(request) != set(FIELDS):
        raise Refused("the request must have exactly the fields " + ", ".join(FIELDS))
    for name, (check, _) in FIELDS.items():
        if not check(request[name]):
            raise Refused(name + ": not a value that is allowed here")


def docker_argv(request):
    argv = ["docker", "run", "--detach", "--name", NAME, "--gpus", "all", "--ipc=host"]
    # The host's network, with vLLM on loopback: docker's proxy would add to every measurement.
    argv += ["--network=host", "--env=VLLM_HOST_IP=127.0.0.1", "--env=VLLM_NO_USAGE_STATS=1"]
    if request["disable_xet"]:
        argv.append("--env=HF_HUB_DISABLE_XET=1")
    if request["disable_p2p"]:
        argv.append("--env=NCCL_P2P_DISABLE=1")
    argv += ["--volume=" + CACHE + ":/root/.cache/huggingface"]
    if os.path.exists(SECRET):
        target = "/run/secrets/hf_token"
        argv += ["--env=HF_TOKEN_PATH=" + target]
        argv += ["--mount=type=bind,readonly,src=" + SECRET + ",dst=" + target]
    argv += ["--entrypoint=vllm", request["image"], "serve", request["model"]]
    argv += ["--host=127.0.0.1", "--port=" + str(PORT), "--enable-prompt-tokens-details"]
    for name, (_, option) in FIELDS.items():
        value = request[name]
        if option and value is True:
            argv.append(option)
        elif option and value is not None and value is not False:
            argv.append(option + "=" + str(value))
    if request["disable_p2p"]:
        argv.append("--disable-custom-all-reduce")
    return argv


def hub_folder(request):
    return CACHE + "/hub/models--" + request["model"].replace("/", "--")


# The Hub's client gives parts random names, so those of a killed download are never resumed.
def remove_parts(folder):
    for part in glob.glob(glob.escape(folder) + "/blobs/*.incomplete"):
        os.remove(part)


def read_json(path):
    try:
        with open(path) as f:
            return json.load(f)
    except (FileNotFoundError, ValueError):
        return None


def write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as f:
        json.dump(value, f)
    os.replace(path + ".new", path)


def output(*argv, seconds=20):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-400:]
        raise RuntimeError("%s ended with %d: %s" % (argv[0], done.returncode, said))
    return done.stdout


def container():
    try:
        return json.loads(output("docker", "inspect", "--format={{json .State}}", NAME))
    except RuntimeError as e:
        if "no such" in str(e).lower():
            return None
        raise


def launcher():
    pid = (read_json(RUN + "/launcher.json") or {}).get("pid")
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return pid if b"\0launch\0" in f.read() else None
    except (OSError, TypeError):
        return None


def remove():
    pid = launcher()
    if pid:
        os.killpg(pid, signal.SIGKILL)
    if container():
        output("docker", "rm", "--force", NAME, seconds=60)


def wait_for_memory():
    for _ in range(60):
        holders = output("nvidia-smi", "--query-compute-apps=pid", "--format=csv,noheader").split()
        if not holders:
            return
        time.sleep(PAUSE)
    raise RuntimeError("GPU memory is still held after 60 s by " + " ".join(holders))


def stop():
    remove()
    wait_for_memory()


def serve():
    request = json.load(sys.stdin)
    check_request(request)
    remove()
    remove_parts(hub_folder(request))
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    with open(LOG, "wb"):
        pass
    write_json(RUN + "/serve.json", request)
    for name in ("/total.json", "/failed.json"):
        if os.path.exists(RUN + name):
            os.remove(RUN + name)
    write_json(RUN + "/launcher.json", {"pid": detach("launch")})
    if os.path.exists(SECRET):
        detach("forget")


def detach(verb):
    quiet = subprocess.DEVNULL
    command = [sys.executable, os.path.abspath(__file__), verb]
    return subprocess.Popen(
        command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    ).pid


# Continues in the background after `serve` returns: starts the container and copies its log.
def launch():
    request = read_json(RUN + "/serve.json")
    threading.Thread(target=fetch_total, args=(request,), daemon=True).start()
    with open(LOG, "ab") as log:
        code = 1
        try:
            wait_for_memory()
            code = subprocess.call(docker_argv(request), stdout=subprocess.DEVNULL, stderr=log)
        except Exception as e:
            log.write(("maider-sweep: %s\n" % e).encode())
        if code:
            write_json(RUN + "/failed.json", {"exit_code": code})
        else:
            subprocess.call(["docker", "logs", "--follow", NAME], stdout=log, stderr=log)


def fetch_total(request):
    url = "%s/api/models/%s/revision/%s?blobs=true" % (
        HUB,
        request["model"],
        request["revision"] or "main",
    )
    headers = {}
    if os.path.exists(SECRET):
        with open(SECRET) as f:
            headers["Authorization"] = "Bearer " + f.read()
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as reply:
        files = json.load(reply)["siblings"]
    sizes = {f["rfilename"]: f.get("size") or 0 for f in files if "/" not in f["rfilename"]}
    # vLLM loads the safetensors and ignores other formats of the same weights.
    weights = [n for n in sizes if n.endswith(".safetensors") and not n.startswith("consolidated")]
    weights = weights or [n for n in sizes if n.endswith((".safetensors", ".bin"))]
    small = [n for n in sizes if n.endswith((".json", ".txt", ".model", ".jinja"))]
    write_json(RUN + "/total.json", sum(sizes[n] for n in weights + small))


# Bytes of complete files, bytes of incomplete files, number of incomplete files.
def downloaded(folder):
    whole, parts, open_files = 0, 0, 0
    try:
        for entry in os.scandir(folder + "/blobs"):
            stat = entry.stat()
            if entry.name.endswith(".incomplete"):
                # Parts are written to their place in a file of full length.
                parts += min(stat.st_size, stat.st_blocks * 512)
                open_files += 1
            else:
                whole += stat.st_size
    except FileNotFoundError:
        pass
    return whole, parts, open_files


def healthy():
    try:
        url = "http://127.0.0.1:%d/health" % PORT
        with urllib.request.urlopen(url, timeout=2) as reply:
            return reply.status == 200
    except (OSError, ValueError):
        return False


def image_digest(image):
    try:
        digests = json.loads(output("docker", "image", "inspect", "--format={{json .RepoDigests}}", image))
        return digests[0].split("@")[1] if digests else None
    except RuntimeError:
        return None


def resolved(folder, revision):
    try:
        with open(folder + "/refs/" + (revision or "main")) as f:
            commit = f.read(64).strip()
            return commit if HASH.fullmatch(commit) else None
    except FileNotFoundError:
        return revision if revision and HASH.fullmatch(revision) else None


def server_status():
    request = read_json(RUN + "/serve.json") or {"model": "", "revision": None, "image": ""}
    folder = hub_folder(request)
    whole, parts, open_files = downloaded(folder)
    total = read_json(RUN + "/total.json")
    # Incomplete files that the client's own retry left do not count once the download is complete.
    downloading = open_files and (total is None or whole < total)
    box = container()
    failed = read_json(RUN + "/failed.json")
    code = None
    if box and box["Status"] in ("exited", "dead"):
        # Only after the last line of its log is copied.
        state, code = ("starting", None) if launcher() else ("exited", box["ExitCode"])
    elif box:
        state = "running" if healthy() else "downloading" if downloading else "starting"
    elif failed:
        state, code = "exited", failed["exit_code"]
    else:
        state = "starting" if launcher() else "absent"
    return {
        "state": state,
        "exit_code": code,
        "downloaded_bytes": whole + parts,
        "total_bytes": total,
        "image_digest": image_digest(request["image"]) if request["image"] else None,
        "revision": resolved(folder, request["revision"]),
        "log_bytes": os.path.getsize(LOG) if os.path.exists(LOG) else 0,
    }


def server_log():
    start = json.load(sys.stdin)["from"]
    if not whole(0, 2**53)(start):
        raise Refused("from: not a byte")
    if os.path.exists(LOG):
        with open(LOG, "rb") as f:
            f.seek(start)
            sys.stdout.buffer.write(f.read(262144))


def secret():
    token = sys.stdin.read(1024)
    if token and not text(r"[!-~]+", 512)(token):
        raise Refused("the token is not one line of plain characters")
    os.makedirs(os.path.dirname(SECRET), mode=0o700, exist_ok=True)
    wipe()
    if token:
        with open(os.open(SECRET, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            f.write(token)


def wipe():
    try:
        # A container may still have the file open.
        with open(SECRET, "r+b") as f:
            f.write(b"\0" * os.path.getsize(SECRET))
        os.remove(SECRET)
    except FileNotFoundError:
        pass


def secret_identity():
    try:
        stat = os.stat(SECRET)
        return stat.st_ino, stat.st_mtime_ns
    except FileNotFoundError:
        return None


# Continues in the background after `serve` returns. Normally the sweep deletes the secret. If it loses its connection,
# this does so once the model is loaded, or a minute after the server has ended without another one being started.
def forget():
    mine = secret_identity()
    ended = 0
    while mine and secret_identity() == mine and not healthy() and ended < 60:
        ended = 0 if launcher() else ended + 1
        time.sleep(PAUSE)
    if mine and secret_identity() == mine:
        wipe()


def setup_status():
    with open(ROOT + "/proc/sys/kernel/random/boot_id") as f:
        boot = {"boot_id": f.read().strip()}
    path = RUN + "/setup.json"
    status = read_json(path)
    if type(status) is not dict:
        waiting = {"state": "waiting", "stage": "start", "index": 0, "stages": 5}
        return {**waiting, "reboot_needed": False, "reason": None, **boot}
    if status["state"] == "running":
        with open(RUN + "/setup.lock", "a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if read_json(path) == status:
                    status.update(state="failed", reason="the set-up ended without a word")
            except BlockingIOError:
                pass
    return {**status, **boot}


def query(*fields):
    asked = "--query-gpu=" + ",".join(fields)
    lines = output("nvidia-smi", asked, "--format=csv,noheader,nounits").strip().split("\n")
    return [[cell.strip() for cell in line.split(",")] for line in lines]


# nvidia-smi prints [N/A] or [Not Supported] for values that a card or driver does not report.
def number(cell):
    return float(cell) if re.fullmatch(r"\d+(\.\d+)?", cell) else None


def first(path, pattern):
    with open(path) as f:
        found = re.search(pattern, f.read(), re.MULTILINE)
    return found.group(1) if found else ""


def facts():
    rows = query("name", "memory.total", "driver_version", "compute_cap", "power.limit", "clocks.max.sm")
    cuda = re.search(r"CUDA (?:UMD )?Version\s*:\s*([\d.]+)", output("nvidia-smi"))
    return {
        "gpus": [
            {
                "name": name,
                "memory_mib": number(memory),
                "driver": driver,
                "compute_capability": capability,
                "power_limit_w": number(power),
                "max_clock_mhz": number(clock),
            }
            for name, memory, driver, capability, power, clock in rows
        ],
        "cuda": cuda.group(1) if cuda else "",
        "cpu": first("/proc/cpuinfo", r"^model name\s*: (.*)"),
        "vcpus": os.cpu_count(),
        "ram_mib": int(first("/proc/meminfo", r"^MemTotal:\s*(\d+)")) // 1024,
        "kernel": os.uname().release,
        "os": first("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
    }


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, timeout=100, env={**os.environ, "LC_ALL": "C"})


def installed(pattern):
    listed = run("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}|${Package}\n", pattern).stdout
    return [line.split("|")[1] for line in listed.split("\n") if line.startswith("ii")]


# The driver modules for the running kernel, and whether apt would install them.
def module_package():
    series = re.findall(r"nvidia-driver-(\d+)-server-open", " ".join(installed("nvidia-driver-*")))
    if not series:
        return {"module_package": None, "module_installed": False, "module_installable": False, "module_reason": ""}
    name = "linux-modules-nvidia-%s-server-open-%s" % (series[0], os.uname().release)
    tried = run("apt-get", "-s", "--no-install-recommends", "install", name)
    last = (tried.stderr if tried.returncode else tried.stdout).strip().split("\n")[-1]
    said = next((line for line in tried.stdout.split("\n") if "Depends:" in line), last).strip()
    return {
        "module_package": name,
        "module_installed": name in installed(name),
        "module_installable": tried.returncode == 0,
        "module_reason": said[:300],
    }


def cloud_init():
    try:
        status = json.loads(run("cloud-init", "status", "--format=json").stdout)
    except (OSError, ValueError):
        status = {}
    return {
        "cloud_init": status.get("status") or "unknown",
        "cloud_init_errors": [str(e)[:300] for e in status.get("errors") or []],
    }


# The set-up prefixes each line of the pull with the time in seconds.
def image_pull():
    try:
        with open(ROOT + "/var/log/maider-sweep/image.log") as f:
            lines = re.findall(r"^(\d+) (?:\w+: )?(.*)", f.read(), re.MULTILINE)
    except FileNotFoundError:
        lines = []
    start = [int(at) for at, said in lines if said.startswith("Pulling fs layer")]
    there = [int(at) for at, said in lines if said in ("Download complete", "Already exists")]
    unpacked = [int(at) for at, said in lines if said == "Pull complete"]
    if not (start and there and unpacked):
        return {"pull_seconds": None, "unpack_seconds": None}
    return {"pull_seconds": there[-1] - start[0], "unpack_seconds": max(0, unpacked[-1] - there[-1])}


# For the live drill, which compares it with the assumptions of this program. Changes nothing.
def inspect():
    with open(ROOT + "/proc/modules") as f:
        modules = [line.split()[0] for line in f]
    request = read_json(RUN + "/serve.json") or {"model": ""}
    whole_bytes, _, open_files = downloaded(hub_folder(request))
    return {
        "uid": os.getuid(),
        "kernel": os.uname().release,
        "boot_id": setup_status()["boot_id"],
        "nouveau_loaded": "nouveau" in modules,
        "nvidia_loaded": "nvidia" in modules,
        "reboot_requested": os.path.exists(ROOT + "/var/lib/maider-sweep/asked-for-reboot"),
        "complete_bytes": whole_bytes,
        "incomplete_files": open_files,
        **cloud_init(),
        **module_package(),
        **image_pull(),
    }


# Bits of NVML's clocks event reasons. Idling, the power cap and settings do not count as slowdowns.
SLOWDOWNS = {
    0x08: "hw_slowdown",
    0x20: "sw_thermal_slowdown",
    0x40: "hw_thermal_slowdown",
    0x80: "hw_power_brake_slowdown",
}


def slowdowns(reasons):
    if not re.fullmatch(r"0x[0-9a-fA-F]+", reasons):
        return None
    return [name for bit, name in SLOWDOWNS.items() if int(reasons, 16) & bit]


def sample():
    return [
        {
            "clock_mhz": number(clock),
            "power_w": number(power),
            "temperature_c": number(heat),
            "throttle": slowdowns(reasons),
        }
        for clock, power, heat, reasons in query(
            "clocks.sm", "power.draw", "temperature.gpu", "clocks_event_reasons.active"
        )
    ]


VERBS = {
    "setup-status": setup_status,
    "facts": facts,
    "inspect": inspect,
    "secret": secret,
    "serve": serve,
    "server-status": server_status,
    "server-log": server_log,
    "stop": stop,
    "sample": sample,
    "launch": launch,
    "forget": forget,
}

if __name__ == "__main__":
    try:
        if len(sys.argv) != 2 or sys.argv[1] not in VERBS:
            raise Refused("verbs: " + ", ".join(VERBS))
        reply = VERBS[sys.argv[1]]()
        if reply is not None:
            print(json.dumps(reply))
    except (Refused, json.JSONDecodeError, KeyError, TypeError) as e:
        sys.exit((print("refused: %s" % e, file=sys.stderr), 2)[1])
    except Exception as e:
        sys.exit((print(e or type(e).__name__, file=sys.stderr), 1)[1])
