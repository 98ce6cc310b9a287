import { setFlagsFromString } from "node:v8";

/**
 * For a process that streams for hours and keeps little: a small young generation holds it below 300 MB and its
 * pauses short. Called once everything is loaded, since V8 refuses code that was cached under other flags.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString("--max-semi-space-size=2");
  setFlagsFromString("--semi-space-growth-factor=1");
}
