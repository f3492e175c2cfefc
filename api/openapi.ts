import packageJson from '../package.json' with { type: 'json' };
import { eventTypes, isPlatformEvent } from '../domain/events.ts';
import { addCommonAnswers } from './common-answers.ts';
import type { ApiDescription } from './common-answers.ts';
import type { ApiDeps, App } from './deps.ts';
import {
  confirmationSchema,
  envelopeSchemaOf,
  referenceSchema,
  verificationSchema,
} from './events/event-envelopes.ts';

/** Serves the OpenAPI 3.1 description, generated from the routes. */
export function registerOpenApi(app: App, { publicUrl }: Pick<ApiDeps, 'publicUrl'>) {
  // The routes do not change while the process runs.
  let description: string | undefined;
  app.get('/openapi.json', (c) => {
    description ??= JSON.stringify(describeApi(app, { publicUrl }));
    return c.body(description, 200, { 'content-type': 'application/json' });
  });
}

/** The OpenAPI 3.1 document of an app's routes and of the requests to merchants. */
export function describeApi(app: App, { publicUrl }: Pick<ApiDeps, 'publicUrl'>): ApiDescription {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key `tk_…` of the merchant',
  });
  describeDeliveries(app);
  const description = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Tender',
      version: packageJson.version,
      description:
        'Durable payments and notifications. Amounts are integers in minor units of their ISO 4217 currency; times are ISO 8601 in UTC; errors are problem details (RFC 9457) whose `type` is the URL of a help page.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: publicUrl }],
    tags: [
      ...['Orders', 'Refunds', 'Balances', 'Reconciliation', 'Routing', 'Endpoints', 'Events'],
      'Messaging',
    ].map((name) => ({ name })),
  });
  return addCommonAnswers(description as unknown as ApiDescription);
}

/** Describes every request from Tender to a merchant as a webhook. */
export function describeDeliveries(app: App): void {
  const signed =
    'Signed by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`)';
  for (const [type, description] of Object.entries(eventTypes)) {
    if (!isPlatformEvent(type)) continue;
    app.openAPIRegistry.registerWebhook({
      path: type,
      method: 'post',
      summary: type,
      description: `${description} ${signed}; respond with any 2xx within 20 s. It may arrive more than once, always with the same id. An endpoint with \`payload: "id"\` gets an EventReference.`,
      request: {
        body: {
          required: true,
          content: { 'application/json': { schema: envelopeSchemaOf(type).or(referenceSchema) } },
        },
      },
      responses: { 204: { description: 'Received' } },
    });
  }
  app.openAPIRegistry.registerWebhook({
    path: 'endpoint.verification',
    method: 'post',
    summary: 'endpoint.verification',
    description: `Challenges an endpoint that was registered with a handshake: respond with 2xx and \`{"challenge":"…"}\` with the same challenge. ${signed}.`,
    request: {
      body: { required: true, content: { 'application/json': { schema: verificationSchema } } },
    },
    responses: { 200: { description: 'The same challenge' } },
  });
  app.openAPIRegistry.registerWebhook({
    path: 'order.confirm',
    method: 'post',
    summary: 'order.confirm',
    description: `Asks the order's \`confirm.url\` whether to accept the order: respond with \`{"answer":"accept"}\` or \`{"answer":"reject"}\`. ${signed}, with \`GET /v1/signing-secret\`.`,
    request: {
      body: { required: true, content: { 'application/json': { schema: confirmationSchema } } },
    },
    responses: { 200: { description: 'The answer' } },
  });
}
