import { Stripe } from 'stripe';
import { request } from 'undici';
import type { Agent } from 'undici';
import { ConnectFailed } from '../../outbound/calls.ts';
import { ProviderAgent } from '../connecting.ts';

/** The connection broke or timed out after the request was sent at least in part. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/**
 * Replaces the SDK's own HTTP client for four reasons. It repeats a request on a reset socket even with
 * `maxNetworkRetries: 0`, by the error's code, which `ConnectionLost` does not have: only the workflow decides on
 * retries. Its timeout does not cover connecting. It treats an error status without `error` in the body as a success. A
 * JSON body that is no object ends the process with an unhandled rejection.
 */
export class OneShotHttpClient extends Stripe.HttpClient {
  readonly #agent: Agent;

  constructor({ timeoutMs }: { timeoutMs: number }) {
    super();
    this.#agent = new ProviderAgent({ timeoutMs });
  }

  override getClientName(): string {
    return 'undici';
  }

  override async makeRequest(
    host: string,
    port: string,
    path: string,
    method: string,
    headers: Record<string, string | number | string[]>,
    requestData: string,
    protocol: string,
  ): Promise<WholeResponse> {
    try {
      const response = await request(`${protocol}://${host}:${port}${path}`, {
        method: method === 'POST' ? 'POST' : 'GET',
        dispatcher: this.#agent,
        headers: Object.entries(headers).flatMap(([name, value]) => [name, String(value)]),
        ...(method === 'POST' && { body: requestData }),
      });
      const body = await response.body.text();
      return new WholeResponse(response.statusCode, plainHeaders(response.headers), body);
    } catch (error) {
      if (error instanceof ConnectFailed) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new ConnectionLost(reason, { cause: error });
    }
  }
}

/** A completely read answer. */
class WholeResponse extends Stripe.HttpClientResponse {
  readonly #status: number;
  readonly #body: string;

  constructor(status: number, headers: Record<string, string>, body: string) {
    super(status, headers);
    this.#status = status;
    this.#body = body;
  }

  /** The SDK attaches the headers to it. */
  override getRawResponse(): object {
    return {};
  }

  override async toJSON(): Promise<object> {
    const answer = parseObject(this.#body);
    const isError = this.#status >= 300;
    if (isError && !isObject(answer?.['error'])) {
      return { error: { type: 'api_error', message: `HTTP ${this.#status} without an error` } };
    }
    if (!answer) throw new Error('the answer is not a JSON object');
    return answer;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function plainHeaders(headers: Record<string, string | string[] | undefined>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}
