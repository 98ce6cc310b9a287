// Publishes records from another process. Arguments: file, number of records, name of the writer.
import { openDatabase } from "../../../src/results/store/database.ts";
import { sampleRecord } from "../sample-record.ts";

const [file = "", count = "0", name = ""] = process.argv.slice(2);
const database = openDatabase(file);
for (let number = 0; number < Number(count); number += 1)
  await database.publish([sampleRecord({ id: `${name}-${number}` })]);
