import { expect, test } from 'vitest';
import type { ZodType } from 'zod';
import { newEndpointSchema } from '../../api/endpoints/endpoint-schema.ts';
import { newOrderSchema } from '../../api/schemas.ts';
import { fieldErrors } from '../../api/render-problem.ts';

const order = {
  merchantOrderNo: 'A-1',
  amountMinor: 1250,
  currency: 'CNY',
  subject: 'One cup of tea',
};

function errorsOf(schema: ZodType, value: unknown, target = 'json') {
  const result = schema.safeParse(value);
  return result.success ? [] : fieldErrors(target, result.error.issues);
}

test('a valid body has no errors', () => {
  expect(errorsOf(newOrderSchema, order)).toEqual([]);
});

test('every bad field is named by its JSON pointer, all at once', () => {
  const errors = errorsOf(newOrderSchema, {
    merchantOrderNo: '',
    amountMinor: 12.5,
    currency: 'XXX',
    metadata: { cart: 77 },
  });
  expect(errors.map(({ in: place, field }) => `${place} ${field}`).toSorted()).toEqual([
    'body /amountMinor',
    'body /currency',
    'body /merchantOrderNo',
    'body /metadata/cart',
    'body /subject',
  ]);
  for (const { message } of errors) expect(message).not.toBe('');
});

test('each unknown field is an error of its own', () => {
  expect(errorsOf(newOrderSchema, { ...order, amount: 1, curency: 'CNY' })).toEqual([
    { in: 'body', field: '/amount', message: 'is not a field of this request' },
    { in: 'body', field: '/curency', message: 'is not a field of this request' },
  ]);
});

test('an entry of a list is named by its number', () => {
  const errors = errorsOf(newEndpointSchema, {
    url: 'https://shop.example/',
    eventTypes: ['order.*', 'Order Paid'],
  });
  expect(errors).toEqual([
    {
      in: 'body',
      field: '/eventTypes/1',
      message: 'must be an event type, a pattern like order.*, or *',
    },
  ]);
});

test('slashes and tildes in a field name are escaped as RFC 6901 says', () => {
  const errors = errorsOf(newOrderSchema, { ...order, metadata: { 'a/b~c': 1 } });
  expect(errors.map(({ field }) => field)).toEqual(['/metadata/a~1b~0c']);
});

test('what is no object at all is an error of the whole body', () => {
  for (const value of [null, 7, 'text', []]) {
    expect(errorsOf(newOrderSchema, value)).toMatchObject([{ in: 'body', field: '' }]);
  }
});

test('parameters are named as they stand in the request', () => {
  const value = { ...order, amountMinor: 'x' };
  for (const [target, place] of [
    ['query', 'query'],
    ['header', 'header'],
    ['param', 'path'],
    ['form', 'body'],
  ] as const) {
    const field = place === 'body' ? '/amountMinor' : 'amountMinor';
    expect(errorsOf(newOrderSchema, value, target)).toMatchObject([{ in: place, field }]);
  }
});
