/** Registry (optional), path, tag and digest: the grammar of distribution/reference, without its rarities. */
const REFERENCE =
  /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

export function isImageReference(text: string): boolean {
  return text.length <= 255 && REFERENCE.test(text) && !text.includes("\n");
}
