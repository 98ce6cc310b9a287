import { spawn, spawnSync } from "node:child_process";
import { copyFile, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SetupStatusJson } from "../../src/machine/agent-protocol.ts";
import { generateSshKey } from "../../src/machine/keys.ts";
import { GPU_TYPES } from "../../src/catalog/gpu-catalog.ts";
import { MODELS } from "../../src/catalog/model-catalog.ts";
import { buildUserData } from "../../src/machine/user-data.ts";
import type { Configuration } from "../../src/plan/coverage-plan.ts";
import { readPlan } from "../../src/plan/read-plan.ts";
import { eventually, template, type ThrowAwayRoot, throwAwayRoot } from "./throw-away-root.ts";

const PROGRAMS = [
  "apt-get",
  "apt-cache",
  "dpkg",
  "curl",
  "docker",
  "nvidia-smi",
  "modprobe",
  "systemctl",
  "uname",
];
const image = "vllm/vllm-openai:v0.27.1";
const BOOT = "proc/sys/kernel/random/boot_id";

let root: ThrowAwayRoot;
beforeEach(async () => {
  root = await throwAwayRoot();
  for (const name of PROGRAMS) {
    await copyFile(join(root.path, "bin/set-up-program"), join(root.path, "bin", name));
  }
  await root.write("opt/maider-sweep/setup.json", JSON.stringify({ image }));
  await root.write(BOOT, "boot-1\n");
  await root.write("etc/systemd/system/.keep", "");
  await root.write(
    "etc/apt/sources.list.d/ubuntu.sources",
    "URIs: http://mirrors.linode.com/ubuntu/\n",
  );
  await root.write(
    "stand-ins/drivers",
    [535, 570, 590, 580].map((n) => `nvidia-driver-${String(n)}-server-open - NVIDIA\n`).join(""),
  );
  await root.write("stand-ins/prebuilt", "");
});
afterEach(() => root.remove());

const setUp = () => root.run(["bash", template("setup.sh")]);
/** As the client sees it. */
const status = async (): Promise<SetupStatusJson> => {
  const { stdout, stderr } = await root.run(["python3", template("agent.py"), "setup-status"]);
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout) as SetupStatusJson;
};
const fail = (program: string, times: number, words: string): Promise<void> =>
  root.write(`stand-ins/fail-${program}`, `${String(times)} ${words}\n`);
const called = async (...start: string[]): Promise<string[][]> =>
  (await root.calls()).filter((call) => start.every((word, i) => call[i] === word));
const hold = async (program: string): Promise<() => Promise<void>> => {
  const pipe = join(root.standIns, `hold-${program}`);
  await root.run(["mkfifo", pipe]);
  return async () => {
    // Its name goes first: a program that is called just then would wait on a pipe that nobody writes to.
    const writer = await open(pipe, "r+");
    await rm(pipe);
    await writer.write("go\n");
    await writer.close();
  };
};

describe("the set-up of a bare machine", () => {
  it("installs docker, toolkit and driver, pulls the image, and says that it is done", async () => {
    expect(await status()).toMatchObject({ state: "waiting", index: 0, reboot_needed: false });
    expect((await setUp()).code).toBe(0);
    expect(await status()).toEqual({
      state: "done",
      stage: "check",
      index: 5,
      stages: 5,
      reboot_needed: false,
      reason: null,
      boot_id: "boot-1",
    });
    const packages = (call: readonly string[]): string[] =>
      call.slice(call.indexOf("--no-install-recommends") + 1);
    const installed = (await called("apt-get"))
      .filter((call) => call.includes("install") && !call.includes("-s"))
      .map(packages);
    expect(installed).toContainEqual(["docker.io", "nvidia-container-toolkit", "pigz"]);
    // The lowest series from 580 on, with modules built for the kernel that runs.
    expect(installed).toContainEqual([
      "nvidia-driver-580-server-open",
      "nvidia-utils-580-server",
      "linux-modules-nvidia-580-server-open-6.8.0-87-generic",
    ]);
    for (const call of await called("apt-get")) expect(call).toContain("DPkg::Lock::Timeout=600");
    expect(await called("docker", "pull")).toEqual([["docker", "pull", image]]);
    expect(await called("docker", "run")).toEqual([
      ["docker", "run", "--rm", "--gpus", "all", "--entrypoint", "nvidia-smi", image, "-L"],
    ]);
    expect(JSON.parse(await root.read("etc/docker/daemon.json"))).toMatchObject({
      runtimes: { nvidia: { path: "nvidia-container-runtime" } },
    });
    expect(JSON.stringify(await root.calls())).not.toMatch(/upgrade"|reboot|shutdown/);
  });

  it("restarts docker before the pull, which a restart would break off", async () => {
    await setUp();
    const calls = (await root.calls()).map((call) => call.join(" "));
    const restart = calls.indexOf("systemctl restart docker");
    expect(restart).toBeGreaterThan(-1);
    expect(restart).toBeLessThan(calls.findIndex((call) => call.startsWith("docker pull")));
  });

  it.each([
    ["the archive has none for the kernel", "prebuilt", false],
    ["those that it lists pin an older driver", "superseded", true],
  ])("has DKMS build the modules where %s", async (_, file, exists) => {
    if (exists) await root.write(`stand-ins/${file}`, "");
    else await rm(join(root.standIns, file));
    await setUp();
    expect((await called("apt-get")).at(-1)?.slice(-4)).toEqual([
      "nvidia-driver-580-server-open",
      "nvidia-utils-580-server",
      "nvidia-dkms-580-server-open",
      "linux-headers-6.8.0-87-generic",
    ]);
    expect((await status()).state).toBe("done");
  });

  it("changes nothing when it runs again", async () => {
    await setUp();
    const before = (await root.calls()).length;
    await setUp();
    expect((await status()).state).toBe("done");
    const second = (await root.calls()).slice(before).map((call) => call.join(" "));
    expect(second.filter((call) => /pull|restart|nvidia-driver|modprobe/.test(call))).toEqual([]);
  });

  it("starts as a unit, which goes on after a reboot", async () => {
    expect((await root.run(["bash", template("setup.sh"), "start"])).code).toBe(0);
    expect(await root.read("etc/systemd/system/maider-sweep-setup.service")).toContain(
      "ExecStart=/opt/maider-sweep/setup\n",
    );
    expect(await root.calls()).toEqual([
      ["systemctl", "enable", "--now", "--no-block", "maider-sweep-setup.service"],
    ]);
  });
});

describe("a set-up in trouble", () => {
  it.each([
    ["curl", "Could not resolve host: nvidia.github.io", "packages"],
    ["dpkg", "dpkg frontend lock is held by another process", "packages"],
    ["apt-get", "E: Unable to locate package docker.io", "packages"],
    ["systemctl", "Job for docker.service failed", "docker"],
    ["docker", "Cannot connect to the Docker daemon", "docker"],
    ["apt-cache", "E: The package lists are damaged", "driver"],
  ])("reports the stage and reason when %s fails for good", async (program, words, stage) => {
    await fail(program, -1, words);
    expect((await setUp()).code).toBe(1);
    expect(await status()).toMatchObject({
      state: "failed",
      stage,
      reboot_needed: false,
      reason: expect.stringMatching(new RegExp(`^(?!==)[^]*${words}`)) as string,
    });
  });

  it.each([
    ["apt-get", "packages", 1],
    ["docker", "docker", 2],
    ["nvidia-smi", "driver", 3],
    ["modprobe", "driver", 3],
  ])(
    "shows the stage it is in while %s is slow, and finishes afterwards",
    async (program, stage, index) => {
      const release = await hold(program);
      const ended = setUp();
      await eventually(
        () => called(program),
        (calls) => calls.length > 0,
      );
      expect(await status()).toMatchObject({
        state: "running",
        stage,
        index,
        stages: 5,
        reason: null,
      });
      await release();
      expect((await ended).code).toBe(0);
      expect((await status()).state).toBe("done");
    },
  );

  it("tells what nvidia-smi says when the driver is there and does not answer", async () => {
    await fail("nvidia-smi", -1, "Failed to initialize NVML: Driver/library version mismatch");
    await setUp();
    await root.write(BOOT, "boot-2\n");
    expect((await setUp()).code).toBe(1);
    expect(await status()).toMatchObject({
      state: "failed",
      stage: "driver",
      reason: expect.stringContaining("Driver/library version mismatch") as string,
    });
  });

  it("installs no driver and loads none where one answers already", async () => {
    await root.write("stand-ins/driver-loaded", "");
    expect((await setUp()).code).toBe(0);
    expect((await status()).state).toBe("done");
    expect(await called("modprobe")).toEqual([]);
    const installed = (await called("apt-get")).map((call) => call.join(" ")).join("\n");
    expect(installed).not.toContain("nvidia-driver");
  });

  it("sees the driver of a machine with several GPUs, which are named one by one", async () => {
    await root.write("stand-ins/driver-loaded", "");
    await root.write("stand-ins/gpus", "4");
    expect((await setUp()).code).toBe(0);
    expect((await status()).state).toBe("done");
    expect(await called("modprobe")).toEqual([]);
  });

  it("runs again after a failure, also while the pull of the first time goes on", async () => {
    const release = await hold("docker-pull");
    await fail("apt-cache", 1, "E: The package lists are damaged");
    expect((await setUp()).code).toBe(1);
    expect(await status()).toMatchObject({ state: "failed", stage: "driver" });
    await eventually(
      () => called("docker", "pull"),
      (calls) => calls.length > 0,
    );
    const again = setUp();
    await eventually(status, ({ stage }) => stage === "image");
    await release();
    expect((await again).code).toBe(0);
    expect((await status()).state).toBe("done");
  });

  it("pulls no image that is there already", async () => {
    await root.write("stand-ins/pulled", "");
    expect((await setUp()).code).toBe(0);
    expect(await called("docker", "pull")).toEqual([]);
  });

  it.each(["curl", "dpkg", "apt-get", "docker"])(
    "goes on when %s fails a while",
    async (program) => {
      await fail(program, 2, "for a moment");
      expect((await setUp()).code).toBe(0);
      expect((await status()).state).toBe("done");
    },
  );

  it("waits for a lock on dpkg that another process holds for minutes", async () => {
    await fail("dpkg", 30, "dpkg frontend lock was locked by another process with pid 812");
    expect((await setUp()).code).toBe(0);
    expect((await status()).state).toBe("done");
  });

  it("asks Ubuntu itself once the provider's mirror failed", async () => {
    await fail("apt-get", 1, "mirror is syncing");
    await setUp();
    expect(await root.read("etc/apt/sources.list.d/ubuntu.sources")).toContain(
      "archive.ubuntu.com",
    );
  });

  it("ends at once where the registry's limit on pulls is used up, and names another registry as the way out", async () => {
    await fail("docker-pull", -1, "toomanyrequests: You have reached your pull rate limit.");
    expect((await setUp()).code).toBe(1);
    expect(await status()).toMatchObject({
      state: "failed",
      stage: "image",
      reason: expect.stringMatching(
        /^Docker Hub's limit on pulls .*engine\.image[^]*toomanyrequests: You have reached/,
      ) as string,
    });
    expect(await called("docker", "pull")).toHaveLength(1);
  });

  it.each([
    "failed to register layer: write /usr/lib/x.so: no space left on device",
    "dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: server misbehaving",
  ])("reports a pull that never gets through, after five attempts: %s", async (words) => {
    await fail("docker-pull", -1, words);
    expect((await setUp()).code).toBe(1);
    expect(await status()).toMatchObject({
      state: "failed",
      stage: "image",
      reason: expect.stringContaining(words) as string,
    });
    expect(await called("docker", "pull")).toHaveLength(5);
  });

  it("puts the time before each line of the pull", async () => {
    await setUp();
    expect(await root.read("var/log/maider-sweep/image.log")).toMatch(
      /^\d{10} ab12: Pulling fs layer\n\d{10} ab12: Pull complete\n$/,
    );
  });

  it("starts a pull again that was cut off in the middle", async () => {
    await fail("docker-pull", 2, "unexpected EOF");
    expect((await setUp()).code).toBe(0);
    expect((await status()).state).toBe("done");
    expect(await called("docker", "pull")).toHaveLength(3);
  });

  it("pulls what is missing when it was killed in the middle of a pull and runs again", async () => {
    const release = await hold("docker-pull");
    const child = spawn("bash", [template("setup.sh")], { env: root.env, detached: true });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await eventually(status, ({ stage }) => stage === "image");
    await eventually(
      () => called("docker", "pull"),
      (calls) => calls.length > 0,
    );
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await ended;
    expect(await eventually(status, ({ state }) => state === "failed")).toMatchObject({
      stage: "image",
      reason: "the set-up ended without a word",
    });
    await rm(join(root.standIns, "hold-docker-pull"));
    void release;
    expect((await setUp()).code).toBe(0);
    expect((await status()).state).toBe("done");
    expect(await called("docker", "pull")).toHaveLength(2);
  });

  it("reports no GPU inside the container, in docker's words", async () => {
    await fail("docker-run", -1, "could not select device driver with capabilities: [[gpu]]");
    expect((await setUp()).code).toBe(1);
    expect(await status()).toMatchObject({
      state: "failed",
      stage: "check",
      reason: expect.stringContaining("could not select device driver") as string,
    });
  });

  it.each(['{"state": "runn', "", "[]", '"done"'])(
    "a status that is no whole one is none yet, not an error: %s",
    async (half) => {
      await root.write("run/maider-sweep/setup.json", half);
      expect(await status()).toMatchObject({ state: "waiting", stage: "start", index: 0 });
      expect((await setUp()).code).toBe(0);
      expect((await status()).state).toBe("done");
    },
  );

  it("reports an archive without a new enough driver", async () => {
    await root.write("stand-ins/drivers", "nvidia-driver-535-server-open - NVIDIA\n");
    await setUp();
    expect(await status()).toMatchObject({
      state: "failed",
      stage: "driver",
      reason: "the archive has no NVIDIA server driver of series 580 or newer",
    });
  });

  it("asks for a reboot when the driver does not load, with the image pulled, and goes on after it", async () => {
    await fail("modprobe", -1, "module nvidia not found");
    expect((await setUp()).code).toBe(0);
    const withPrompt = { state: "waiting", stage: "driver", reboot_needed: true };
    expect(await status()).toMatchObject(withPrompt);
    expect(await called("docker", "pull")).toHaveLength(1);
    // Not rebooted yet: still asking.
    await setUp();
    expect(await status()).toMatchObject(withPrompt);

    await root.write(BOOT, "boot-2\n");
    await rm(join(root.path, "run"), { recursive: true });
    await fail("modprobe", 0, "");
    await setUp();
    expect((await status()).state).toBe("done");
  });

  it("gives up when the driver does not load after a reboot either", async () => {
    await fail("modprobe", -1, "module nvidia not found");
    await setUp();
    await root.write(BOOT, "boot-2\n");
    expect((await setUp()).code).toBe(1);
    expect(await status()).toMatchObject({
      state: "failed",
      stage: "driver",
      reboot_needed: false,
      reason: expect.stringMatching(/even after a reboot: [^]*module nvidia not found/) as string,
    });
  });

  it("shows where it is while a program is slow, and lets no second one in", async () => {
    const release = await hold("apt-get");
    const first = setUp();
    await eventually(status, ({ state }) => state === "running");
    expect(await status()).toMatchObject({ stage: "packages", index: 1 });
    const before = (await root.calls()).length;
    expect((await setUp()).code).toBe(0);
    expect((await root.calls()).length).toBeLessThanOrEqual(before + 1);
    expect((await status()).state).toBe("running");
    await release();
    expect((await first).code).toBe(0);
    expect((await status()).state).toBe("done");
  });

  it("is seen to be dead when it was killed, and told when it was stopped; the next run finishes", async () => {
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const release = await hold("curl");
      const child = spawn("bash", [template("setup.sh")], { env: root.env, detached: true });
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await eventually(
        () => called("curl"),
        (calls) => calls.length > 0,
      );
      // The whole group: what the dead one had started would hold its lock.
      process.kill(-(child.pid ?? 0), signal);
      await ended;
      expect(await eventually(status, ({ state }) => state === "failed")).toMatchObject({
        stage: "packages",
        reason:
          signal === "SIGKILL"
            ? "the set-up ended without a word"
            : "the set-up was stopped from outside",
      });
      await rm(join(root.standIns, "hold-curl"));
      await rm(join(root.standIns, "calls.jsonl"));
      void release;
    }
    expect((await setUp()).code).toBe(0);
    expect((await status()).state).toBe("done");
  });
});

describe("the texts that a VM is given", () => {
  it("are clean to shellcheck", () => {
    const {
      stdout,
      status: code,
      error,
    } = spawnSync("shellcheck", [template("setup.sh")], {
      encoding: "utf8",
    });
    expect(error).toBeUndefined();
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });

  it.each(GPU_TYPES.map(({ id }) => [id]))(
    "are valid to cloud-init's own schema, and small enough, for %s",
    async (id) => {
      const fits = MODELS.find((model) => configurationOf(id, model.id) !== undefined);
      const configuration = configurationOf(id, fits?.id ?? "");
      if (configuration === undefined) throw new Error(`nothing runs on ${id}`);
      const text = buildUserData({
        hostKey: generateSshKey("mds-host"),
        image: configuration.engine.image,
      });
      expect(Buffer.byteLength(text)).toBeLessThan(16_384);
      await root.write("user-data", text);
      const { stdout, stderr, code } = await root.run([
        "cloud-init",
        "schema",
        "--config-file",
        join(root.path, "user-data"),
      ]);
      expect(stdout + stderr).toContain("Valid");
      expect(code).toBe(0);
      expect(await readFile(join(root.path, "user-data"), "utf8")).toBe(text);
    },
  );

  it("are told to be wrong where they are wrong, by the same program", async () => {
    await root.write("user-data", "#cloud-config\nssh_deletekeys: perhaps\nruncmd: 5\n");
    const { code } = await root.run([
      "cloud-init",
      "schema",
      "--config-file",
      join(root.path, "user-data"),
    ]);
    expect(code).not.toBe(0);
  });
});

/** What a plan makes of a GPU type and a model; undefined when they do not fit. */
function configurationOf(gpu: string, model: string): Configuration | undefined {
  const reading = readPlan(
    `version: 1\nentries:\n  - gpu: [${gpu}]\n    models: [${model}]\n`,
    "plan.yaml",
  );
  return reading.ok ? reading.plan.entries[0]?.configurations[0] : undefined;
}
