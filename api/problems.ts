import type { ContentfulStatusCode } from 'hono/utils/http-status';

type ProblemType = { status: ContentfulStatusCode; title: string; help: string };

/** Every problem type of this API (RFC 9457). `type` is the URL of a page with the `help` text. */
export const problemTypes = {
  'invalid-request': {
    status: 400,
    title: 'The request has invalid fields',
    help: 'Each entry of `errors` names one field and what is wrong with it. Correct them all and send the request again. Unknown fields are refused, so a misspelt field is never ignored. Duplicate names in one object and the name `__proto__` are refused, because JSON parsers disagree about them.',
  },
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON',
    help: 'Send JSON encoded in UTF-8.',
  },
  'malformed-form': {
    status: 400,
    title: 'The body is not a form',
    help: 'Send `application/x-www-form-urlencoded` in UTF-8, as the forms of these pages do.',
  },
  unauthorized: {
    status: 401,
    title: 'No valid API key',
    help: 'Send `Authorization: Bearer <key>` with a key that is neither revoked nor expired. Operators create keys with `npm run tender -- key create`.',
  },
  'not-found': {
    status: 404,
    title: 'The resource does not exist',
    help: 'The id does not exist, or it belongs to another merchant; the answer is the same for both.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The path does not support this method',
    help: '`Allow` lists the supported methods. Nothing was done.',
  },
  'order-number-taken': {
    status: 409,
    title: 'The order number belongs to another order',
    help: 'A `merchantOrderNo` names one order for ever. `orderId` is the order that has it. Sending the same order again is no conflict: it returns the order itself.',
  },
  'idempotency-key-in-flight': {
    status: 409,
    title: 'A request with this Idempotency-Key is in flight',
    help: 'Wait for `Retry-After` seconds and send the same request again: it gets the answer of the first request.',
  },
  'order-not-cancellable': {
    status: 409,
    title: 'The order can no longer be cancelled',
    help: 'It has ended, or it is in review. `orderStatus` is its status. A paid order is refunded, not cancelled.',
  },
  'order-not-capturable': {
    status: 409,
    title: 'There is nothing to capture',
    help: 'Only an `authorized` order can be captured, up to the authorised amount. `orderStatus` is its status; `failureCode` says why the provider refused.',
  },
  'order-not-switchable': {
    status: 409,
    title: 'The payment method can no longer be switched',
    help: 'Only a pending order can be switched to another method. `orderStatus` is its status.',
  },
  'order-not-in-review': {
    status: 409,
    title: 'The review cannot be resolved this way',
    help: "The order is not in review, or the verb does not fit the provider's report: captured money can be accepted or refunded, an order without money closed, and what cannot be booked dismissed after it was settled at the provider. `review.verbs` of the order lists the available verbs; `why` says what did not fit.",
  },
  'refund-not-stuck': {
    status: 409,
    title: 'The refund does not need attention',
    help: 'Only a refund that is `needs_attention`, or `pending` with a `failureCode`, can be closed by hand; the provider ends all others. `refundStatus` is its status.',
  },
  'nothing-to-refund': {
    status: 409,
    title: 'The order has no payment to refund',
    help: 'Only captured money can be refunded. Cancel an unpaid or an authorised order instead.',
  },
  'refund-exceeds-payment': {
    status: 409,
    title: 'The refund exceeds what is left of the payment',
    help: '`refundableMinor` is the amount that can still be refunded; refunds in progress are already subtracted.',
  },
  'refund-number-taken': {
    status: 409,
    title: 'The refund number belongs to another refund',
    help: 'A `merchantRefundNo` names one refund for ever. `refundId` is the refund that has it. Requesting the same refund again is no conflict: it returns the refund itself.',
  },
  'difference-not-open': {
    status: 409,
    title: 'The difference is no longer open',
    help: 'It was resolved: the two sides agree now, so there is nothing to acknowledge. `differenceStatus` is its status.',
  },
  'event-type-taken': {
    status: 409,
    title: 'The event type is already registered',
    help: 'Registering the same type again is no conflict. Change its description or schema with `PATCH /v1/event-types/{name}`.',
  },
  'consumer-group-taken': {
    status: 409,
    title: 'The name belongs to another consumer group',
    help: 'A group keeps the settings it was created with. Creating the same group again is no conflict. To read something else, use another name, or delete the group first.',
  },
  'lease-lost': {
    status: 409,
    title: 'The lease is no longer yours',
    help: 'It expired and another member was given the same events, or the group has advanced. Take again; acknowledge sooner, or ask for a longer `leaseSeconds`.',
  },
  'limit-reached': {
    status: 409,
    title: 'The merchant has the maximum number of these',
    help: '`detail` has the maximum. Remove one that you no longer need.',
  },
  'already-replied': {
    status: 409,
    title: 'The request has another reply',
    help: 'A request has one reply, which does not change. Sending the same reply again is no conflict: it returns the request.',
  },
  'reply-too-late': {
    status: 409,
    title: 'The request has expired',
    help: 'Its deadline, `replyBy`, has passed, and the requester was notified. The first late reply is stored with the request as `lateReply` and has no effect.',
  },
  'already-spoken': {
    status: 409,
    title: 'This side of the session has sent another message',
    help: 'Each side of a session sends one message, which does not change. Sending the same message again is no conflict: it returns the recorded one.',
  },
  'session-over': {
    status: 409,
    title: 'The session has ended',
    help: 'It is complete, or its deadline, `closesAt`, has passed. `GET /v1/sessions/{sessionId}` returns its messages.',
  },
  'endpoint-not-enabled': {
    status: 409,
    title: 'The endpoint is not enabled',
    help: 'It is disabled, paused, or has not answered its challenge. Enable it with `PATCH /v1/endpoints/{endpointId}` and `{"status":"enabled"}`, or verify it, and try again.',
  },
  'endpoint-not-verified': {
    status: 409,
    title: 'The endpoint has not answered its challenge',
    help: 'It was registered with a handshake: `POST /v1/endpoints/{endpointId}/verify` sends a challenge, and the endpoint has to answer with 2xx and `{"challenge":"…"}`. `why` is its actual answer.',
  },
  'rotation-under-way': {
    status: 409,
    title: 'A rotation is in progress',
    help: 'The previous secret signs until `previousSecretUntil`, and a third secret would cut it off. Wait, or rotate with `graceSeconds` 0 if the secrets have leaked.',
  },
  'portal-link-ended': {
    status: 401,
    title: 'The link has expired',
    help: 'Links to these pages are short-lived. Ask for a new one; `POST /v1/portal-links` creates it with an API key. Forms are accepted only from the pages themselves.',
  },
  'cursor-not-in-feed': {
    status: 410,
    title: 'The cursor is not in this feed',
    help: 'It was never given out, or the database was restored to an earlier state: events that you have read are gone, and others take or will take their positions. Continue with `restartAfter`, the last position up to which the feed is as you know it; you may have seen some of what follows, under the same ids or others. See docs/guides/events.md, "After a restore".',
  },
  'content-too-large': {
    status: 413,
    title: 'The body is too large',
    help: 'Bodies are limited to 64 KiB; `POST /v1/events` takes 4 MiB.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The content type of the body is not supported',
    help: 'Send `Content-Type: application/json`; for a form of a page `application/x-www-form-urlencoded`.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
    help: 'Use a fresh key for a new request; repeat a key only with the same body.',
  },
  'event-id-reused': {
    status: 422,
    title: 'The id belongs to another event',
    help: 'The `id` of a published event names one event for ever. Publishing the same event again is no conflict: it returns the existing event. Nothing of the request was published; `errors` names the event.',
  },
  'event-refused-by-type': {
    status: 422,
    title: 'The event does not match its event type',
    help: 'The type is archived, or `data` does not match its JSON Schema: `errors` names the places. Nothing of the request was published. `GET /v1/event-types/{name}` returns the schema.',
  },
  'no-provider-account': {
    status: 422,
    title: 'No provider account can take this payment',
    help: '`routes` lists every payment route that was considered and why it does not fit. `POST /v1/routing/dry-run` explains the same without an order. Operators add accounts with `npm run tender -- account create`.',
  },
  'target-not-allowed': {
    status: 422,
    title: 'Events may not be sent to this address',
    help: 'Endpoints must be http(s) addresses on the public internet without credentials in the URL, or amqp(s) or kafka(s) addresses with a `destination`. Private, loopback and link-local addresses are refused; a development instance may allow them with TENDER_ALLOW_PRIVATE_TARGETS=true.',
  },
  'too-many-requests': {
    status: 429,
    title: 'A limit is exceeded',
    help: '`limit` names the limit: requests in a time, or at once, by key, merchant, order or address. Large messages, and events whose type has a schema, are processed one request of a merchant at a time. Send the request again after `Retry-After` seconds; `RateLimit` says how many are left of the limits per second. Operators set limits with TENDER_LIMITS.',
  },
  'too-many-streams': {
    status: 429,
    title: 'Too many streams are open',
    help: 'Close one of them and connect again after `Retry-After` seconds. Readers of one feed can share it: see consumer groups.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    help: 'A dependency, such as the database, does not answer. Send the request again after `Retry-After` seconds, with the same Idempotency-Key.',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    help: 'The request id finds it in the log. A request with an Idempotency-Key can be sent again safely.',
  },
} as const satisfies Record<string, ProblemType>;

export type ProblemSlug = keyof typeof problemTypes;

export type FieldError = {
  in: 'body' | 'query' | 'header' | 'path';
  /** JSON pointer into the body, or the parameter's name. */
  field: string;
  message: string;
};

/** Thrown by handlers; `app.onError` returns it as problem+json. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly slug: ProblemSlug;
  /** Members beyond the standard ones. */
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    slug: ProblemSlug,
    detail: string,
    options: { extensions?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.slug = slug;
    this.extensions = options.extensions ?? {};
    this.headers = options.headers ?? {};
  }
}

export function notFound(kind: string, id: string): Problem {
  return new Problem('not-found', `There is no ${kind} ${id}.`);
}
