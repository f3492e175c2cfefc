import { OpenAPIHono } from '@hono/zod-openapi';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsDefault from 'ajv-formats';
import { createApp } from '../../api/app.ts';
import type { ApiDescription } from '../../api/common-answers.ts';
import type { ApiDeps, AppEnv } from '../../api/deps.ts';
import { feedEventSchema } from '../../api/events/event-envelopes.ts';
import { describeApi, describeDeliveries } from '../../api/openapi.ts';
import { defaultLimits } from '../../config/limits.ts';

// The package is CommonJS: its default is the module.
const addFormats = addFormatsDefault as unknown as typeof addFormatsDefault.default;

/** The app as its routes alone: nothing of it is asked anything. */
export const routesOnly = () =>
  createApp({ publicUrl: 'http://tender.example', limits: defaultLimits } as ApiDeps);

/** The document that an instance publishes at `/openapi.json`. */
export const describedApi = () => describeApi(routesOnly(), { publicUrl: 'http://tender.example' });

/** Says what a document's schema has against a value; undefined where nothing. */
export type Judge = (pointer: string, value: unknown) => string | undefined;

/** Judges values by the schemas of a document, each named by its JSON Pointer. */
export function judgeBy(description: object): Judge {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(description, 'description');
  return (pointer, value) => {
    const validate = ajv.getSchema(`description#${encodeURI(pointer)}`);
    if (!validate) throw new Error(`the document has nothing at ${pointer}`);
    if (validate(value) === true) return undefined;
    return ajv.errorsText(validate.errors, { dataVar: '' });
  };
}

let judgeDescribed: { webhooks: ApiDescription['webhooks']; judge: Judge } | undefined;

/** What the document's own schema of it has against a delivery, by its type; undefined where nothing. */
export function refuseDelivery(delivery: { type: string }): string | undefined {
  if (!judgeDescribed) {
    const app = new OpenAPIHono<AppEnv>();
    describeDeliveries(app);
    app.openAPIRegistry.register('FeedEvent', feedEventSchema);
    const info = { title: 'Deliveries', version: '1' };
    const description = app.getOpenAPI31Document({ openapi: '3.1.0', info });
    const { webhooks } = description as unknown as ApiDescription;
    judgeDescribed = { webhooks, judge: judgeBy(description) };
  }
  const { webhooks, judge } = judgeDescribed;
  // What a merchant published has the schema of the feed.
  const pointer = Object.hasOwn(webhooks, delivery.type)
    ? `/webhooks/${delivery.type}/post/requestBody/content/application~1json/schema`
    : '/components/schemas/FeedEvent';
  return judge(pointer, delivery);
}

type Answer = { status: number; type: string | null; body: unknown };

let answers: { judge: Judge; operations: { is: RegExp; at: string; method: string }[] } | undefined;

/** What the document has against an answer to one of its operations: its status, its type or its body. */
export function refuseAnswer(
  { method, path }: { method: string; path: string },
  { status, type, body }: Answer,
): string | undefined {
  if (!answers) {
    const description = describedApi();
    const operations = Object.entries(description.paths).flatMap(([template, methods]) =>
      Object.keys(methods).map((each) => ({
        is: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        at: `/paths/${template.replaceAll('/', '~1')}/${each}`,
        method: each.toUpperCase(),
      })),
    );
    // A path that is written out is meant before one with a place in it.
    operations.sort((a, b) => Number(a.at.includes('{')) - Number(b.at.includes('{')));
    answers = { judge: judgeBy(description), operations };
  }
  const { judge, operations } = answers;
  const bare = path.split('?')[0]!;
  const operation = operations.find((each) => each.method === method && each.is.test(bare));
  if (!operation) return undefined;
  const shared: Record<number, string> = { 405: 'MethodNotAllowed', 500: 'InternalError' };
  const at = shared[status]
    ? `/components/responses/${shared[status]}`
    : `${operation.at}/responses/${status}`;
  try {
    // There are answers without a body, and their types are looked at by nobody.
    if (type === null || !/json/.test(type)) return judge(at, {}) && undefined;
    const mediaType = type.split(';')[0]!.replaceAll('/', '~1');
    return judge(`${at}/content/${mediaType}/schema`, body);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
