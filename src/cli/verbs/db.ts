import type { Verb } from "../verb.ts";
import { check } from "./db/check.ts";
import { exportRecords } from "./db/export.ts";
import { importRecords } from "./db/import.ts";
import { remove } from "./db/remove.ts";
import { repair } from "./db/repair.ts";
import { restore } from "./db/restore.ts";

export const verb: Verb = {
  name: "db",
  group: "results",
  summary: "Look after the database: check, repair, restore, share",
  about: [
    "The database is the one that the `maider` tool reads, `~/.cache/linode-vms/benchmark-database.json`. The journals are the truth: a damaged file is repaired from them and from its backups. A removed record stays removed until `db restore ID`. Records that are in no journal, such as imported ones, are copied to `.copies` next to the file. Records that another program has overwritten are reported by every verb that reads; `db repair`, the next run and any other verb that writes put them back.",
    "A record is one pass of one model on one VM. `records` counts those in the file that can be used; `imported` those of other people, added by `db import`; `brought back` those that `db restore` put into the file again after they were deleted or overwritten.",
  ],
  related: ["benchmark-status", "benchmark-compare"],
  synonyms: ["database"],
  subcommands: [check, repair, restore, remove, exportRecords, importRecords],
};
