/**
 * The API versions whose events are understood, by their dates: from the one in which a charge no longer lists its
 * refunds to the newest that was read. An endpoint keeps the version it was created with.
 * https://docs.stripe.com/webhooks/versioning
 */
export const understoodVersions = { from: '2022-11-15', to: '2026-10-28' } as const;

/** What to say of an endpoint's version; undefined where its events are understood. Names have a date first. */
export function noticeOfVersion(version: string | null | undefined): string | undefined {
  // A version that is not said is the account's own, which a thin event does not depend on.
  if (!version) return undefined;
  const date = version.slice(0, 10);
  const { from, to } = understoodVersions;
  if (date >= from && date <= to) return undefined;
  return `the webhook endpoint has the API version ${version}, and events are understood from ${from} to ${to}: create another endpoint with a version between, and put its secret beside the old one's`;
}
