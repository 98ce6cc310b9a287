/** One entry of Linode's `errors` array. */
export interface ApiProblem {
  readonly reason: string;
  readonly field?: string;
}

/** The simulated API says no, in Linode's own words. */
export class Refusal extends Error {
  readonly status: number;
  readonly problems: readonly ApiProblem[];

  constructor(status: number, problems: readonly ApiProblem[]) {
    super(problems.map((problem) => problem.reason).join("; "));
    this.name = "Refusal";
    this.status = status;
    this.problems = problems;
  }
}

const refusal = (status: number, reason: string): Refusal => new Refusal(status, [{ reason }]);

export const notFound = (): Refusal => refusal(404, "Not found");
export const invalidToken = (): Refusal => refusal(401, "Invalid Token");
/** 401 for a missing scope, as recorded by several clients; a missing grant would be 403. */
export const missingScope = (): Refusal =>
  refusal(401, "Your OAuth token is not authorized to use this endpoint.");
export const busy = (): Refusal => refusal(400, "Linode busy.");
export const tooManyRequests = (): Refusal => refusal(429, "Too many requests");
/** 403 although it has nothing to do with rights: only the text tells. */
export const noCapacity = (): Refusal =>
  refusal(403, "The Linode plan you chose is not currently available in the selected region");
export const accountLimit = (): Refusal =>
  refusal(
    400,
    "You've reached a limit for the number of active services on your account. Please contact Support to request an increase and provide the total number of services you may need.",
  );
export const badRequest = (reason: string, field?: string): Refusal =>
  new Refusal(400, [field === undefined ? { reason } : { reason, field }]);

/** The text that the API sends with a bare status, for fault scripts that name no body. */
export function usualBody(status: number): string {
  // Gateways answer for an API that is down, and they speak HTML.
  if (status === 502 || status === 504)
    return `<html><head><title>${status} Bad Gateway</title></head><body><center><h1>${status} Bad Gateway</h1></center><hr><center>nginx</center></body></html>`;
  const reasons: Readonly<Record<number, string>> = {
    400: "Linode busy.",
    401: "Invalid Token",
    403: "Unauthorized",
    404: "Not found",
    408: "Please try again",
    429: "Too many requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
  };
  return JSON.stringify({ errors: [{ reason: reasons[status] ?? "An error occurred" }] });
}
