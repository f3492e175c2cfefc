import { eventTypes } from '../domain/events.ts';
import type { ApiDeps, App } from './deps.ts';
import { eventSchema } from './schemas.ts';

/** Publishes the OpenAPI 3.1 description, made from the routes. */
export function registerOpenApi(app: App, { publicUrl }: Pick<ApiDeps, 'publicUrl'>) {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key `tk_…` of the merchant',
  });
  for (const [type, description] of Object.entries(eventTypes)) {
    app.openAPIRegistry.registerWebhook({
      path: type,
      method: 'post',
      summary: type,
      description: `${description} Signed by Standard Webhooks (\`webhook-id\`, \`webhook-timestamp\`, \`webhook-signature\`); answer any 2xx within 20 s. May come more than once, always with the same id.`,
      request: { body: { content: { 'application/json': { schema: eventSchema } } } },
      responses: { 204: { description: 'Received' } },
    });
  }
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Tender',
      version: '0.1.0',
      description:
        'Durable payments and notifications. Amounts are integers in minor units of their ISO 4217 currency; times are ISO 8601 in UTC; errors are problem details (RFC 9457) whose `type` is a page that says what to do.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: publicUrl }],
    tags: [
      ...['Orders', 'Refunds', 'Balances', 'Reconciliation', 'Routing', 'Endpoints', 'Events'],
      'Messaging',
    ].map((name) => ({ name })),
  });
}
