/** One entry of Linode's `errors` array. */
export interface ApiProblem {
  readonly reason: string;
  readonly field?: string;
}

/** An answer other than 200, in Linode's own words. */
export class ApiError extends Error {
  readonly status: number;
  readonly problems: readonly ApiProblem[];

  constructor(status: number, problems: readonly ApiProblem[]) {
    super(problems.map((problem) => problem.reason).join("; "));
    this.name = "ApiError";
    this.status = status;
    this.problems = problems;
  }
}

const apiError = (status: number, reason: string): ApiError => new ApiError(status, [{ reason }]);

export const notFound = (): ApiError => apiError(404, "Not found");
export const invalidToken = (): ApiError => apiError(401, "Invalid Token");
/** 401 for a missing scope, as recorded by several clients; a missing grant would be 403. */
export const missingScope = (): ApiError =>
  apiError(401, "Your OAuth token is not authorized to use this endpoint.");
export const busy = (): ApiError => apiError(400, "Linode busy.");
export const tooManyRequests = (): ApiError => apiError(429, "Too many requests");
/** 403 although it has nothing to do with rights: only the text says so. */
export const noCapacity = (): ApiError =>
  apiError(403, "The Linode plan you chose is not currently available in the selected region");
export const accountLimit = (): ApiError =>
  apiError(
    400,
    "You've reached a limit for the number of active services on your account. Please contact Support to request an increase and provide the total number of services you may need.",
  );
export const badRequest = (reason: string, field?: string): ApiError =>
  new ApiError(400, [field === undefined ? { reason } : { reason, field }]);

/** What the API sends with a status, for fault scripts without a body. */
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
