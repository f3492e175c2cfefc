import { describe, expect, test } from 'vitest';
import { brokerCodeOf } from '../../delivery/broker/code-of.ts';
import { messageHeaders } from '../../delivery/broker/publisher.ts';
import { BrokerRefusal } from '../../delivery/broker/refusal.ts';

describe('the headers of a message', () => {
  test('are those of a delivery, without what only HTTP has use for', () => {
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Tender',
      Authorization: 'Basic abc',
      'webhook-id': 'evt_1',
      'x-shop': 'a',
    };
    expect(messageHeaders(headers, { cloudEventsPrefix: 'ce_' })).toEqual({
      'webhook-id': 'evt_1',
      'x-shop': 'a',
    });
  });

  test('of a binary CloudEvent have the broker’s prefix, and no percent signs of HTTP’s', () => {
    const headers = { 'ce-subject': 'Bestellung%201%20%C3%A4', 'x-ce-of-mine': 'a%20b' };
    expect(messageHeaders(headers, { cloudEventsPrefix: 'cloudEvents:' })).toEqual({
      'cloudEvents:subject': 'Bestellung 1 ä',
      'x-ce-of-mine': 'a%20b',
    });
  });
});

describe('the word for what went wrong', () => {
  const withFields = (message: string, fields: object) => Object.assign(new Error(message), fields);

  test.each([
    ['RabbitMQ’s', new Error('Operation failed: 404 (NOT-FOUND) with message "…"'), 'not_found'],
    ['our own', new BrokerRefusal('unroutable', 'no queue is bound for it'), 'unroutable'],
    ['a socket’s', withFields('connect', { code: 'ECONNREFUSED' }), 'econnrefused'],
    [
      'Kafka’s, under what its client says of it',
      withFields('gave up', {
        name: 'KafkaJSNumberOfRetriesExceeded',
        cause: withFields('no such topic', { type: 'UNKNOWN_TOPIC_OR_PARTITION', code: 3 }),
      }),
      'unknown_topic_or_partition',
    ],
    ['none but the error’s name', new TypeError('no'), 'type_error'],
    [
      'the name of Kafka’s client without its own',
      withFields('denied', { name: 'KafkaJSSASLAuthenticationError' }),
      'sasl_authentication_error',
    ],
    ['what is no error', 'no', 'unknown'],
  ])('is %s', (_, error, code) => {
    expect(brokerCodeOf(error)).toBe(code);
  });

  test('ends where causes lead in a circle', () => {
    const error = new Error('a');
    error.cause = error;
    expect(brokerCodeOf(error)).toBe('error');
  });
});
