// A child of the tests: a sweep with one VM and a guard. It says the guard's process id and hangs about.
import { openJournal } from "../../src/journal/journal-file.ts";
import { takeOwnership } from "../../src/lock/owner-lock.ts";
import { openStateFolder, runFolder } from "../../src/journal/state-folder.ts";
import { linearClock, isoUtc } from "../../src/support/clock.ts";
import { startGuard } from "../../src/guard/start-guard.ts";
import { GUARD_PROGRAM } from "../../src/run/wire.ts";
import { opened, reserved, RUN, vmLabel } from "../journal/journal-rig.ts";

const [, , stateDir = "", apiUrl = "", token = "", stallMs = ""] = process.argv;
const time = { v0: Date.now(), w0: Date.now(), speed: 120 };
const clock = linearClock(time);
openStateFolder(stateDir);
const ownership = await takeOwnership(stateDir, {
  run: RUN,
  role: "sweep",
  since: isoUtc(Date.now()),
});
const journal = await openJournal({ folder: runFolder(stateDir, RUN), run: RUN, ownership, clock });
const label = vmLabel(1);
const deadline = isoUtc(clock.now() + 3_600_000);
await journal.append({ ...opened, account: "", api_url: apiUrl, pid: process.pid });
const guard = await startGuard({
  stateDir,
  run: RUN,
  gen: ownership.gen,
  token,
  apiUrl,
  holdMs: 0,
  time,
  ceilings: 1,
  world: null,
  program: GUARD_PROGRAM,
  env: { ...process.env, LINODE_TOKEN: token, MAIDER_SWEEP_CRASH: "run.closed:before" },
  stallMs: Number(stallMs),
});
await journal.append({ type: "guard.acknowledged", pid: guard.pid });
await journal.append(reserved(label, { deadline, expires: deadline }));
await journal.append({ type: "create.sent", label });
await journal.append({ type: "create.acknowledged", label, vm_id: 7, ipv4: "192.0.2.1" });
process.stdout.write(`${String(guard.pid)}\n`);
setInterval(() => undefined, 1_000);
