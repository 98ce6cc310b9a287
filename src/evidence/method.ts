/** Version of the standard prompts. Changing any prompt requires a new version. */
export const SUITE_VERSION = "standard-1";

/** Version of the method of measurement: streaming, fixed length, cold cache, one request at a time. */
export const METHOD_VERSION = "stream-1";

/**
 * How often a void pass is repeated, with all its tests, before giving up on the configuration. If the machine that
 * measures is busy, several passes in a row are void.
 */
export const VOID_REPEATS = 4;

/** Days after which a measurement is stale, unless a plan or an option says otherwise. */
export const STALE_AFTER_DAYS = 30;

/** Suite and method of records that state neither: maider's prompts, timed over whole replies. */
export const LEGACY_SUITE = "legacy-12";
export const LEGACY_METHOD = "legacy";
