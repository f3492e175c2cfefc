import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** A stored response, replayed byte for byte. */
export type StoredResponse = {
  status: ContentfulStatusCode;
  headers: Record<string, string>;
  body: string;
};
