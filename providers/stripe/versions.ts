/**
 * The supported API versions of events, by date: from the version in which a charge no longer lists its refunds to the
 * newest that was reviewed. An endpoint keeps the version it was created with.
 * https://docs.stripe.com/webhooks/versioning
 */
export const supportedVersions = { from: '2022-11-15', to: '2026-10-28' } as const;

/** A warning about an endpoint's version; undefined if it is supported. Version names start with a date. */
export function noticeOfVersion(version: string | null | undefined): string | undefined {
  // Without a version the account's own applies, which a thin event does not depend on.
  if (!version) return undefined;
  const date = version.slice(0, 10);
  const { from, to } = supportedVersions;
  if (date >= from && date <= to) return undefined;
  return `the webhook endpoint has the API version ${version}; supported are ${from} to ${to}: create another endpoint with a supported version, and add its secret to webhookSecrets`;
}
