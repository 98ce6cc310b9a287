/** The result of one check of `doctor`. */
export interface Check {
  readonly check: string;
  readonly state: "ok" | "warning" | "problem";
  readonly detail: string;
  /** Empty when there is nothing to do. */
  readonly remedy: string;
}

export const ok = (check: string, detail: string): Check => ({
  check,
  state: "ok",
  detail,
  remedy: "",
});
export const warning = (check: string, detail: string, remedy: string): Check => ({
  check,
  state: "warning",
  detail,
  remedy,
});
export const problem = (check: string, detail: string, remedy: string): Check => ({
  check,
  state: "problem",
  detail,
  remedy,
});
