/** Calls the API as a merchant does. Throws an error with the response unless it is a success. */
export async function callApi<T>(input: {
  url: string;
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
}): Promise<{ status: number; body: T }> {
  const response = await fetch(input.url, {
    method: input.body === undefined ? 'GET' : 'POST',
    headers: {
      ...(input.key !== undefined && { authorization: `Bearer ${input.key}` }),
      ...(input.body !== undefined && { 'content-type': 'application/json' }),
      ...input.headers,
    },
    ...(input.body !== undefined && { body: JSON.stringify(input.body) }),
    signal: AbortSignal.timeout(70_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${input.url} answered ${response.status}: ${text}`);
  return { status: response.status, body: JSON.parse(text) as T };
}
