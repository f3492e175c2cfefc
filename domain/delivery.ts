/** What one attempt to reach a merchant's endpoint came to. */
export type AttemptResult =
  | { kind: 'response'; statusCode: number; retryAfterMs?: number | undefined }
  | { kind: 'error'; code: string };

export type AttemptVerdict =
  | { kind: 'delivered' }
  /** The receiver says it will never want this again: the endpoint is disabled. */
  | { kind: 'gone' }
  | { kind: 'failed'; retryAfterMs: number | undefined };

/** Standard Webhooks: only 2xx is success, 3xx is a failure, 410 disables the endpoint. */
export function judgeAttempt(result: AttemptResult): AttemptVerdict {
  if (result.kind === 'error') return { kind: 'failed', retryAfterMs: undefined };
  if (result.statusCode >= 200 && result.statusCode < 300) return { kind: 'delivered' };
  if (result.statusCode === 410) return { kind: 'gone' };
  return { kind: 'failed', retryAfterMs: result.retryAfterMs };
}

/** The shapes an event can be sent in; `docs/formats.md` has what maps to what. */
export const deliveryFormats = [
  'json',
  'xml',
  'form',
  'cloudevents',
  'cloudevents-binary',
] as const;
export type DeliveryFormat = (typeof deliveryFormats)[number];

/** How Tender identifies itself at an endpoint, besides its signature. */
export type EndpointAuthKind = 'none' | 'basic' | 'bearer' | 'oauth2' | 'mtls';

export type Priority = 'high' | 'normal' | 'low';

/** Smaller goes first. */
export const priorityRank: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };
