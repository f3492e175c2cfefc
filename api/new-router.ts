import { OpenAPIHono } from '@hono/zod-openapi';
import type { App, AppEnv } from './deps.ts';
import { refuseFields } from './refuse-fields.ts';
import { fieldErrors } from './render-problem.ts';

/**
 * Creates a router whose routes refuse requests that do not match their schemas, with a problem that names each field.
 */
export function newRouter(): App {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      throw refuseFields(fieldErrors(result.target, result.error.issues));
    },
  });
}
