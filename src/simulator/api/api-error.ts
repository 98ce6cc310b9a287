/** One entry of Linode's `errors` array. */
export interface ApiProblem {
  readonly reason: string;
  readonly field?: string;
}

/** An error reply with Linode's own texts. */
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
/** Several clients recorded 401 for a missing scope; a missing grant is 403. */
export const missingScope = (): ApiError =>
  apiError(401, "Your OAuth token is not authorized to use this endpoint.");
export const busy = (): ApiError => apiError(400, "Linode busy.");
export const tooManyRequests = (): ApiError => apiError(429, "Too many requests");
/** A 403 that is not about permissions, which only its text shows. */
export const noCapacity = (): ApiError =>
  apiError(403, "The Linode plan you chose is not currently available in the selected region");
export const accountLimit = (): ApiError =>
  apiError(
    400,
    "You've reached a limit for the number of active services on your account. Please contact Support to request an increase and provide the total number of services you may need.",
  );
export const badRequest = (reason: string, field?: string): ApiError =>
  new ApiError(400, [field === undefined ? { reason } : { reason, field }]);

/** The body that usually comes with a status, for faults without a body. */
export function defaultBody(status: number): string {
  const gatewayError = GATEWAY_ERRORS[status];
  if (gatewayError !== undefined) return gatewayPage(gatewayError);
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

/** Titles of nginx's error pages: if the API is down, its gateway answers with HTML. */
const GATEWAY_ERRORS: Readonly<Record<number, string>> = {
  502: "502 Bad Gateway",
  504: "504 Gateway Time-out",
};

function gatewayPage(title: string): string {
  return `<html><head><title>${title}</title></head><body><center><h1>${title}</h1></center><hr><center>nginx</center></body></html>`;
}
