import type { ContentfulStatusCode } from 'hono/utils/http-status';

type ProblemType = { status: ContentfulStatusCode; title: string; help: string };

/**
 * Every problem this API answers with (RFC 9457). `type` is the address of a page that says the same
 * as `help`, so a reader of a log can follow it.
 */
export const problemTypes = {
  'invalid-request': {
    status: 400,
    title: 'The request has fields that are not valid',
    help: 'Each entry of `errors` names one field and what is wrong with it. Correct them all and send the request again. Unknown fields are refused, so that a misspelt one is not silently ignored; so is a name that stands twice in one object, and the name `__proto__`, which readers of JSON take differently.',
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
    title: 'There is no such resource',
    help: 'The id does not exist, or it belongs to another merchant: the two are not told apart.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'There is no such method at this path',
    help: '`Allow` names the methods that there are. Nothing was done.',
  },
  'order-number-taken': {
    status: 409,
    title: 'The order number was used for another order',
    help: 'A `merchantOrderNo` names one order for ever. `orderId` is the order that has it. Sending the same order again is no conflict: it answers with the order itself.',
  },
  'idempotency-key-in-flight': {
    status: 409,
    title: 'A request with this Idempotency-Key is under way',
    help: 'Wait as long as `Retry-After` says and send the same request again: it will be given the answer of the first.',
  },
  'order-not-cancellable': {
    status: 409,
    title: 'The order can no longer be cancelled',
    help: 'It has ended, or it is in review. `orderStatus` says which. A paid order is refunded, not cancelled.',
  },
  'order-not-capturable': {
    status: 409,
    title: 'There is nothing to capture',
    help: 'Only an `authorized` order holds money, and no more of it can be captured than is held. `orderStatus` says where the order stands; `failureCode` why the provider refused.',
  },
  'order-not-switchable': {
    status: 409,
    title: 'The order can no longer be paid another way',
    help: 'Only a pending order can be switched to another method. `orderStatus` says where it stands.',
  },
  'order-not-in-review': {
    status: 409,
    title: 'The review cannot be resolved so',
    help: 'The order is not in review, or the wish does not fit what the provider says: money that the provider has taken can be accepted or refunded, an order without money closed, and what cannot be booked dismissed once it was dealt with at the provider. `review.verbs` of the order lists what there is; `why` says what did not fit.',
  },
  'refund-not-stuck': {
    status: 409,
    title: 'The refund does not need attention',
    help: 'Only a refund that is `needs_attention`, or `pending` with a `failureCode`, is closed by hand; all others end by what their provider says. `refundStatus` says how it stands.',
  },
  'nothing-to-refund': {
    status: 409,
    title: 'The order has no payment to refund',
    help: 'Only money that was taken can be given back. An unpaid order is cancelled, held money let go by cancelling.',
  },
  'refund-exceeds-payment': {
    status: 409,
    title: 'The refund is more than is left of the payment',
    help: '`refundableMinor` is what can still be given back; refunds under way are counted in.',
  },
  'refund-number-taken': {
    status: 409,
    title: 'The refund number was used for another refund',
    help: 'A `merchantRefundNo` names one refund for ever. `refundId` is the refund that has it. Asking for the same refund again is no conflict: it answers with the refund itself.',
  },
  'difference-not-open': {
    status: 409,
    title: 'The difference is no longer open',
    help: 'It was healed: the two sides agree now, and there is nothing to take as it is. `differenceStatus` says where it stands.',
  },
  'event-type-taken': {
    status: 409,
    title: 'The event type is registered already',
    help: 'Registering the same type again is no conflict. To give it another description or schema, `PATCH /v1/event-types/{name}`.',
  },
  'consumer-group-taken': {
    status: 409,
    title: 'The name was used for another consumer group',
    help: 'A group keeps what it was made with. Creating the same group again is no conflict; to read something else, use another name, or delete the group first.',
  },
  'lease-lost': {
    status: 409,
    title: 'The lease is no longer yours',
    help: 'It ran out and another member was given the same events, or the group has moved on. Take again; acknowledge sooner, or ask for a longer `leaseSeconds`.',
  },
  'limit-reached': {
    status: 409,
    title: 'There are as many of these as one merchant may have',
    help: '`detail` says how many that is. Remove one that is no longer needed.',
  },
  'already-replied': {
    status: 409,
    title: 'The request has another reply',
    help: 'A request has one reply, and it does not change. Sending the same reply again is no conflict: it is answered with the request as it stands.',
  },
  'reply-too-late': {
    status: 409,
    title: 'The request is over',
    help: 'Its deadline, `replyBy`, has passed, and the requester was told so. The first late reply is kept with the request as `lateReply`; it counts for nothing.',
  },
  'already-spoken': {
    status: 409,
    title: 'This side of the session has said something else',
    help: 'Each side of a session speaks once, and what was said does not change. Saying the same again is no conflict: it is answered with what is recorded.',
  },
  'session-over': {
    status: 409,
    title: 'The session is over',
    help: 'It is complete, or its deadline, `closesAt`, has passed. `GET /v1/sessions/{sessionId}` has what was said.',
  },
  'endpoint-not-enabled': {
    status: 409,
    title: 'The endpoint takes nothing',
    help: 'It is disabled, paused, or has not answered its challenge. Enable it with `PATCH /v1/endpoints/{endpointId}` and `{"status":"enabled"}`, or verify it, and ask again.',
  },
  'endpoint-not-verified': {
    status: 409,
    title: 'The endpoint has not answered its challenge',
    help: 'It was registered with a handshake: `POST /v1/endpoints/{endpointId}/verify` sends a challenge, and the endpoint has to answer it with 2xx and `{"challenge":"…"}`. `why` says what it answered.',
  },
  'rotation-under-way': {
    status: 409,
    title: 'A rotation is under way',
    help: 'The secret before the last one still signs, until `previousSecretUntil`; a third would cut it off. Wait, or rotate with `graceSeconds` 0 if the secrets have leaked.',
  },
  'portal-link-ended': {
    status: 401,
    title: 'This link opens nothing any more',
    help: 'Links to these pages are short-lived. Ask whoever gave it to you for a new one; with an API key it is made by `POST /v1/portal-links`. Forms count only from the pages themselves.',
  },
  'cursor-not-in-feed': {
    status: 410,
    title: 'The cursor stands for nothing in this feed',
    help: 'It was never given out, or the database was restored as it was before: events that you have read are gone, and others stand or will stand in their place. Go on with `restartAfter`, up to which the feed is as you know it; what comes then you may have seen in part, under the same ids or others. See docs/guides/events.md, "After a restore".',
  },
  'content-too-large': {
    status: 413,
    title: 'The body is too large',
    help: 'Bodies are limited to 64 KiB; `POST /v1/events` takes 4 MiB.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is of a type this API does not read',
    help: 'Send `Content-Type: application/json`; for a form of a page `application/x-www-form-urlencoded`.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    help: 'Use a fresh key for a new request; use the same key only to repeat the same body.',
  },
  'event-id-reused': {
    status: 422,
    title: 'The id was used for another event',
    help: 'The `id` of a published event names one event for ever. Publishing the same event again is no conflict: it is answered with what there is. Nothing of the request was published; `errors` names the event.',
  },
  'event-refused-by-type': {
    status: 422,
    title: 'The event type does not take the event',
    help: 'The type is archived, or `data` does not fit its JSON Schema: `errors` names the places. Nothing of the request was published. `GET /v1/event-types/{name}` shows the schema.',
  },
  'no-provider-account': {
    status: 422,
    title: 'No provider account can take this payment',
    help: '`routes` lists every way that was considered and why it does not fit. `POST /v1/routing/dry-run` tells the same without an order. Operators add accounts with `npm run tender -- account create`.',
  },
  'target-not-allowed': {
    status: 422,
    title: 'Events may not be sent to this address',
    help: 'Endpoints must be http(s) addresses on the public internet, without credentials in them; amqp(s) or kafka(s) addresses where a `destination` is given. Private, loopback and link-local addresses are refused; a development instance may allow them with TENDER_ALLOW_PRIVATE_TARGETS=true.',
  },
  'too-many-requests': {
    status: 429,
    title: 'There are more requests than a limit allows',
    help: '`limit` names it: so many in a time, or at once, of one key, merchant, order or address. Large messages, and events whose type has a schema, are read one request of a merchant at a time. Send the request again after `Retry-After` seconds; `RateLimit` says how many are left of those that are counted by the second. Operators set the limits with TENDER_LIMITS.',
  },
  'too-many-streams': {
    status: 429,
    title: 'There are too many open streams',
    help: 'Close one of them and connect again after `Retry-After`. Readers of one feed can share it: see consumer groups.',
  },
  unavailable: {
    status: 503,
    title: 'Not reached for the moment',
    help: 'Something that the request needs, as the database, does not answer. Send it again after `Retry-After`, with the same Idempotency-Key.',
  },
  'internal-error': {
    status: 500,
    title: 'Something went wrong here',
    help: 'It is logged under the request id. A request with an Idempotency-Key can safely be sent again.',
  },
} as const satisfies Record<string, ProblemType>;

export type ProblemSlug = keyof typeof problemTypes;

export type FieldError = {
  in: 'body' | 'query' | 'header' | 'path';
  /** JSON pointer into the body, or the parameter's name. */
  field: string;
  message: string;
};

/** Thrown by handlers; `app.onError` answers it as problem+json. */
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
