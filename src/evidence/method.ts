/** Version of the standard prompts; a change of any of them is a new one. */
export const SUITE_VERSION = "standard-1";

/** Version of the way of measuring: streaming, fixed length, cold cache, one request at a time. */
export const METHOD_VERSION = "stream-1";

/**
 * A void pass is repeated this often before a configuration is given up; every repeat gives all tests anew. A machine
 * that is busy with something else makes several in a row.
 */
export const VOID_REPEATS = 4;

/** What records without these fields were measured with: the Python tool's prompts and whole replies. */
export const LEGACY_SUITE = "legacy-12";
export const LEGACY_METHOD = "legacy";
