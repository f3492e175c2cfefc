import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** An answer as it is kept: said again, it is the same to the byte. */
export type KeptAnswer = {
  status: ContentfulStatusCode;
  headers: Record<string, string>;
  body: string;
};
