import { refuseAnswer } from './described.ts';

export type ApiAnswer<T = Record<string, unknown>> = {
  status: number;
  headers: Headers;
  text: string;
  body: T;
};

export type ApiClient = <T = Record<string, unknown>>(
  method: string,
  path: string,
  options?: { body?: unknown; headers?: Record<string, string> },
) => Promise<ApiAnswer<T>>;

/**
 * Calls the API as a merchant would, and throws where it is answered with what its document does not say, unless
 * another release answers. `body` may be a string that is sent as it is.
 */
export function apiClient({
  url,
  key,
  isDescribed = true,
}: {
  url: string;
  key?: string;
  isDescribed?: boolean;
}): ApiClient {
  return async (method, path, options = {}) => {
    const { body, headers } = options;
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type');
    const isJson = /json/.test(type ?? '');
    const { status } = response;
    const answer = { status, type, body: isJson ? (JSON.parse(text) as unknown) : undefined };
    const refusal = isDescribed ? refuseAnswer({ method, path }, answer) : undefined;
    if (refusal !== undefined) {
      throw new Error(`openapi.json does not describe ${method} ${path}: ${status} ${refusal}`);
    }
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (isJson ? JSON.parse(text) : {}) as never,
    };
  };
}
