#!/bin/bash
# Makes a bare Ubuntu 24.04 fit to serve a model: docker, the NVIDIA driver and container toolkit, the image.
# Says how far it is in /run/maider-sweep/setup.json. Safe to run again at any point; a second one at a time ends at
# once. It never reboots: a guest that reboots itself may not come back, so the client does it through the API.
# MAIDER_SWEEP_ROOT is put before every path, and MAIDER_SWEEP_PAUSE is the wait between attempts, for the tests.
set -Eeuo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
# Else apt's hook restarts services in the middle of our work, sshd among them.
export NEEDRESTART_SUSPEND=1

root=${MAIDER_SWEEP_ROOT:-}
run=$root/run/maider-sweep
state=$root/var/lib/maider-sweep
logs=$root/var/log/maider-sweep
log=$logs/setup.log
asked=$state/asked-for-reboot
stage=packages
index=1

if [[ ${1:-} == start ]]; then
  # A unit goes on by itself after a reboot, which cloud-init's runcmd would not.
  cat >"$root/etc/systemd/system/maider-sweep-setup.service" <<UNIT
[Unit]
Wants=network-online.target
After=network-online.target
[Service]
ExecStart=/opt/maider-sweep/setup
[Install]
WantedBy=multi-user.target
UNIT
  exec systemctl enable --now --no-block maider-sweep-setup.service
fi

mkdir -p "$run" "$state" "$logs" "$root"/etc/{docker,apt/keyrings,apt/sources.list.d}
exec 9>"$run/setup.lock"
flock -n 9 || exit 0
exec >>"$log" 2>&1

# state, reboot needed, reason
report() {
  python3 - "$run/setup.json" "$stage" "$index" "$@" <<'PYTHON'
import json, os, sys
path, stage, index, state, reboot, reason = sys.argv[1:]
with open(path + ".new", "w") as f:
    json.dump({"state": state, "stage": stage, "index": int(index), "stages": 5,
               "reboot_needed": reboot == "true", "reason": reason or None}, f)
os.replace(path + ".new", path)
PYTHON
}

begin() {
  stage=$1 index=$2
  echo "== $stage"
  report running false ''
}

# The end of what this stage said.
said() { awk '/^== / { said = ""; next } { said = said $0 "\n" } END { printf "%s", said }' "$log" | tail -n 8 | cut -c1-300; }

die() {
  trap - ERR
  report failed false "${1:-$(said)}"
  exit 1
}
trap die ERR
trap 'die "the set-up was stopped from outside"' TERM INT

# attempts, command ...
retry() {
  local left=$1
  shift
  until "$@"; do
    ((--left > 0)) || return 1
    echo "-- once more: $*"
    sleep "${MAIDER_SWEEP_PAUSE:-10}"
  done
}

# The lock is often held by unattended-upgrades in the first minutes.
apt() { apt-get -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 -o Dpkg::Use-Pty=0 "$@"; }
install() { apt install --no-install-recommends "$@"; }

refresh() {
  apt -o APT::Update::Error-Mode=any update && return
  # The provider's mirror may be the trouble: the next attempt asks Ubuntu itself.
  sed -i 's|mirrors\.linode\.com|archive.ubuntu.com|' "$root"/etc/apt/sources.list.d/*.sources || true
  return 1
}

# To its end: a list of several GPUs that is broken off counts as a failure of nvidia-smi.
gpu_answers() { nvidia-smi -L | grep '^GPU 0' >/dev/null; }

load_driver() {
  gpu_answers && return
  modprobe -r nouveau || true
  modprobe nvidia && modprobe nvidia-uvm && gpu_answers
}

begin packages 1
# Nothing may upgrade the kernel, or use the processor, behind a measurement.
systemctl disable --now apt-daily.timer apt-daily-upgrade.timer || true
# dpkg does not wait for its lock: as long as apt is told to.
retry 60 dpkg --configure -a
key=/etc/apt/keyrings/nvidia-container-toolkit.asc
retry 5 curl -fsSL --max-time 60 -o "$root$key" https://nvidia.github.io/libnvidia-container/gpgkey
echo "deb [signed-by=$key] https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /" \
  >"$root/etc/apt/sources.list.d/nvidia-container-toolkit.list"
retry 4 refresh
# docker unpacks the image's layers with pigz, on all processors, where there is one.
retry 4 install docker.io nvidia-container-toolkit pigz

begin docker 2
daemon=$root/etc/docker/daemon.json
wanted='{"registry-mirrors": ["https://mirror.gcr.io"], "runtimes": {"nvidia": {"path": "nvidia-container-runtime", "args": []}}}'
if [[ ! -e $daemon || $(<"$daemon") != "$wanted" ]]; then
  echo "$wanted" >"$daemon"
  # Before the pull, which a restart would break off.
  systemctl restart docker
fi
retry 6 docker info

image=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["image"])' "$root/opt/maider-sweep/setup.json")
limited() { grep -q toomanyrequests "$logs/image.log"; }
# For the live drill, which reports how long the pull and the unpacking took.
stamped() { while IFS= read -r line; do printf '%(%s)T %s\n' -1 "$line"; done; }
# The limit lasts for hours, and each attempt counts towards it.
pull() { docker pull "$image" 2>&1 | stamped || limited; }
(
  trap - ERR TERM INT
  docker image inspect "$image" >/dev/null 2>&1 || { retry 5 pull && ! limited; }
) >"$logs/image.log" 2>&1 9>&- &
pull=$!

begin driver 3
loaded=yes
if ! load_driver; then
  # The lowest from 580 on: what vLLM's CUDA 13 images need, and the same on every VM.
  series=$(apt-cache search --names-only '^nvidia-driver-[0-9]+-server-open$' |
    sed -n 's/^nvidia-driver-\([0-9]*\)-server-open .*/\1/p' | sort -n | awk '$1 >= 580 && !found++')
  [[ -n $series ]] || die 'the archive has no NVIDIA server driver of series 580 or newer'
  # Modules built for the running kernel need no compiler and no reboot, but pin one version of the driver: once that is
  # superseded they are still listed and cannot be installed. Then DKMS builds them from the headers.
  kernel=$(uname -r)
  driver=("nvidia-driver-$series-server-open" "nvidia-utils-$series-server")
  modules=("linux-modules-nvidia-$series-server-open-$kernel")
  install -s "${driver[@]}" "${modules[@]}" ||
    modules=("nvidia-dkms-$series-server-open" "linux-headers-$kernel")
  retry 3 install "${driver[@]}" "${modules[@]}"
  load_driver || loaded=no
fi

boot=$(<"$root/proc/sys/kernel/random/boot_id")
if [[ $loaded == no && -e $asked && $(<"$asked") != "$boot" ]]; then
  die "the NVIDIA driver does not load, even after a reboot: $(said)"
fi

begin image 4
if ! wait "$pull"; then
  hint=
  limited && hint="Docker Hub's limit on pulls from this VM's address is used up; name a copy of the image in another registry as engine.image, or try again in some hours: "
  die "$hint$(tail -n 5 "$logs/image.log" | sed 's/^[0-9]* //' | cut -c1-300)"
fi
if [[ $loaded == no ]]; then
  echo "$boot" >"$asked"
  stage=driver index=3
  report waiting true 'the NVIDIA driver loads after a reboot only'
  exit 0
fi

begin check 5
# Keeps the driver in memory between two servers.
nvidia-smi -pm 1 || true
docker run --rm --gpus all --entrypoint nvidia-smi "$image" -L
report 'done' false ''
