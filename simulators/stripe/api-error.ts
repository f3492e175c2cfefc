export type ErrorBody = {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  param?: string;
};

/** An error response of the API. https://docs.stripe.com/api/errors */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly body: ErrorBody;
  readonly headers: Record<string, string>;

  constructor(status: number, body: ErrorBody, headers: Record<string, string> = {}) {
    super(body.message);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export function invalidRequest(
  message: string,
  about: { code?: string; param?: string; status?: 400 | 404 } = {},
): ApiError {
  const { status = 400, ...fields } = about;
  return new ApiError(status, { type: 'invalid_request_error', message, ...fields });
}

export function missing(kind: string, id: string): ApiError {
  return invalidRequest(`No such ${kind}: '${id}'`, {
    status: 404,
    code: 'resource_missing',
    param: kind === 'payment_intent' ? 'intent' : 'id',
  });
}

export function unexpectedState(message: string): ApiError {
  return invalidRequest(message, { code: 'payment_intent_unexpected_state' });
}

export function rateLimited(): ApiError {
  const message = 'Too many requests hit the API too quickly.';
  const body = { type: 'invalid_request_error', code: 'rate_limit', message } as const;
  return new ApiError(429, body, { 'retry-after': '1', 'stripe-should-retry': 'true' });
}

export function serverError(status: 500 | 503): ApiError {
  const message = 'Sorry, there was a problem on our side.';
  return new ApiError(status, { type: 'api_error', message });
}
