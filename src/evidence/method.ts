/** Version of the standard prompts; a change of any of them is a new one. */
export const SUITE_VERSION = "standard-1";

/** Version of the way of measuring: streaming, fixed length, cold cache, one request at a time. */
export const METHOD_VERSION = "stream-1";

/** What records without these fields were measured with: the Python tool's prompts and whole replies. */
export const LEGACY_SUITE = "legacy-12";
export const LEGACY_METHOD = "legacy";
