/** An error reply in vLLM's format. */
export interface OpenAiError {
  readonly status: number;
  readonly body: string;
}

const TYPES: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  404: "NotFoundError",
  500: "InternalServerError",
  503: "ServiceUnavailableError",
};

export function openAiError(
  status: number,
  message: string,
  param: string | null = null,
  type: string = TYPES[status] ?? "BadRequestError",
): OpenAiError {
  return { status, body: JSON.stringify({ error: { message, type, param, code: status } }) };
}

/** An error found by the web framework before vLLM handles the request. */
export function validationError(what: string): OpenAiError {
  return openAiError(400, `1 validation error:\n  ${what}`, "body", "Bad Request");
}

export const ENGINE_DEAD = openAiError(
  500,
  "EngineCore encountered an issue. See stack trace (above) for the root cause.",
);

/** The error after a reply that violates the Harmony format. */
export const HARMONY_ERROR = openAiError(
  500,
  "Unexpected token 200002 while expecting start token 200006",
);
