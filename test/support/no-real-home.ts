import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// No test may access the home folder, the database or the token of the user who runs it.
const home = mkdtempSync(join(tmpdir(), "mds-test-home-"));
process.env["HOME"] = home;
process.env["XDG_STATE_HOME"] = join(home, "state");
process.env["MAIDER_SWEEP_STATE"] = join(home, "state", "maider-sweep");
process.env["MAIDER_SWEEP_DB"] = join(home, "benchmark-database.json");
for (const secret of ["LINODE_TOKEN", "LINODE_CLI_TOKEN", "HF_TOKEN", "OPENAI_API_KEY"])
  delete process.env[secret];
