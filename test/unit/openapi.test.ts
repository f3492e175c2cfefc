import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { eventTypes } from '../../domain/events.ts';
import type { Operation } from '../../api/common-answers.ts';
import { describedApi, judgeBy, refuseAnswer, routesOnly } from '../support/described.ts';

const description = describedApi();
const judge = judgeBy(description);

type Node = { pointer: string; fields: Record<string, unknown> };

/** Every object of the document, with its JSON Pointer. */
function nodesOf(node: unknown, pointer = ''): Node[] {
  if (typeof node !== 'object' || node === null) return [];
  const below = Object.entries(node).flatMap(([name, child]) =>
    nodesOf(child, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return Array.isArray(node)
    ? below
    : [{ pointer, fields: node as Record<string, unknown> }, ...below];
}

const nodes = nodesOf(description);

const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method,
    path,
    operation,
  })),
);

const patterns = nodes.flatMap(({ pointer, fields }) =>
  typeof fields['pattern'] === 'string' ? [{ pointer, pattern: fields['pattern'], fields }] : [],
);

/** Schemas with an example; a parameter's example stands beside its schema. */
const examples = nodes.flatMap(({ pointer, fields }) => {
  if (!('example' in fields)) return [];
  const isBeside = typeof fields['schema'] === 'object';
  return [{ pointer: isBeside ? `${pointer}/schema` : pointer, example: fields['example'] }];
});

describe('openapi.json', () => {
  test('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(description));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  test('describes every route that takes a key, or publishes keys', () => {
    const served = routesOnly()
      .routes.filter(({ method, path }) => method !== 'ALL' && /^\/(v1|\.well-known)\//.test(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(operations.map(({ name }) => name).toSorted()).toEqual([...new Set(served)].toSorted());
  });

  test('gives every operation an id of its own, in camel case', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-zA-Z]+$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has patterns that compile as JSON Schema reads them, and match their examples', () => {
    expect(patterns.length).toBeGreaterThan(50);
    const examined = patterns.map(({ pattern, fields }) => {
      const matcher = new RegExp(pattern, 'u');
      const given = [fields['example'], fields['default']].filter((one) => typeof one === 'string');
      return given.every((text) => matcher.test(text)) ? 'ok' : pattern;
    });
    expect(new Set(examined)).toEqual(new Set(['ok']));
    // A pattern that matches nothing compiles too: text that is taken everywhere is a witness.
    for (const { pattern } of patterns.filter(({ pattern }) => pattern.includes('\\p{Cc}'))) {
      expect('One cup of tea 🍵').toMatch(new RegExp(pattern, 'u'));
    }
  });

  test('has examples that fit their own schemas', () => {
    expect(examples.length).toBeGreaterThan(40);
    const refused = examples.flatMap(({ pointer, example }) => {
      const refusal = judge(pointer, example);
      return refusal === undefined ? [] : [`${pointer}: ${refusal}`];
    });
    expect(refused).toEqual([]);
  });

  test('has no names that a generator gives twice', () => {
    const given = Object.keys(description.components['schemas'] ?? {});
    // An enum of a model's property is named after both by most generators.
    const derived = given.flatMap((name) => {
      const { properties = {} } = (description.components['schemas']?.[name] ?? {}) as {
        properties?: Record<string, unknown>;
      };
      return Object.keys(properties).map((key) => name + key[0]!.toUpperCase() + key.slice(1));
    });
    const lower = new Set(given.map((name) => name.toLowerCase()));
    expect(lower.size).toBe(given.length);
    expect(derived.filter((name) => lower.has(name.toLowerCase()))).toEqual([]);
  });

  test('names for every operation each answer that stands before it', () => {
    expect(operations.length).toBeGreaterThan(60);
    for (const operation of operations) expect(lackingOf(operation)).toEqual([]);
  });

  test('is what every answer of a test is held to', () => {
    const asked = { method: 'GET', path: '/v1/orders?limit=1' };
    const type = 'application/json';
    const page = { data: [], nextCursor: null };
    expect(refuseAnswer(asked, { status: 200, type, body: page })).toBeUndefined();
    expect(refuseAnswer(asked, { status: 200, type, body: { data: {} } })).toMatch(/array/);
    expect(refuseAnswer(asked, { status: 200, type: 'text/json', body: page })).toMatch(/nothing/);
    expect(refuseAnswer(asked, { status: 418, type, body: page })).toMatch(/nothing/);
    expect(refuseAnswer(asked, { status: 204, type: null, body: '' })).toMatch(/nothing/);
    const elsewhere = { method: 'GET', path: '/v1/nothing' };
    expect(refuseAnswer(elsewhere, { status: 418, type, body: page })).toBeUndefined();
  });

  test('describes every event, and the other requests that merchants get', () => {
    expect(Object.keys(description.webhooks).toSorted()).toEqual(
      [...Object.keys(eventTypes), 'endpoint.verification', 'order.confirm'].toSorted(),
    );
  });
});

/** The answers and fields that every operation of its kind has, and this one does not name. */
function lackingOf({ name, path, method, operation }: (typeof operations)[number]): string[] {
  const due = new Map<string, string[]>([
    ['405', ['Allow']],
    ['500', []],
  ]);
  if (path.startsWith('/v1/')) {
    due.set('401', ['WWW-Authenticate']).set('429', ['Retry-After']);
    if (['post', 'put', 'patch'].includes(method)) {
      for (const status of ['400', '413', '415']) due.set(status, []);
    }
    if (method === 'post') {
      due.set('409', ['Retry-After']).set('422', []);
      const done = Object.keys(operation.responses).filter((status) => Number(status) < 300);
      for (const status of done) due.set(status, ['Idempotency-Replayed']);
    }
  }
  const lacking: string[] = [];
  for (const [status, fields] of due) {
    const answer = operation.responses[status];
    if (!answer) lacking.push(`${name}: ${status}`);
    const named = answer ? Object.keys(resolved(answer).headers ?? {}) : [];
    for (const field of ['X-Request-Id', ...fields]) {
      if (!named.includes(field)) lacking.push(`${name}: ${status} ${field}`);
    }
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    const types = Object.keys(resolved(answer).content ?? {});
    const isProblem = types.length === 1 && types[0] === 'application/problem+json';
    if (Number(status) >= 400 && !isProblem) lacking.push(`${name}: ${status} problem`);
  }
  return lacking;
}

function resolved(answer: Operation['responses'][string]) {
  if (!('$ref' in answer)) return answer;
  const name = answer.$ref.split('/').at(-1)!;
  return description.components['responses']![name] as Exclude<typeof answer, { $ref: string }>;
}
