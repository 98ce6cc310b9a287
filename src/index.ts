export { SweepError } from "./support/errors.ts";
