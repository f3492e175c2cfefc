import { describe, expect, test } from 'vitest';
import { disabledAlert } from '../../domain/endpoint-alert.ts';

const endpoint = {
  id: 'ep_1',
  url: 'https://shop:secret@shop.example/hook?token=secret',
  reason: 'it has failed for five days',
  failingSince: new Date('2026-11-20T08:00:00Z'),
  deadLetters: 12,
};

describe('the alert about a disabled endpoint', () => {
  test('says what happened, what it cost, and how to get it back', () => {
    expect(disabledAlert(endpoint)).toEqual({
      subject: 'Your endpoint https://shop.example/hook gets no more events',
      text: `Your endpoint https://shop.example/hook (ep_1) was disabled: it has failed for five days.
It has accepted nothing since 2026-11-20T08:00:00.000Z.
12 events were waiting for it and not delivered.

Once it answers again:
1. PATCH /v1/endpoints/ep_1 with {"status":"enabled"}
2. POST /v1/replays with {"kind":"recover","endpointId":"ep_1","since":"2026-11-19T08:00:00.000Z"} sends what it missed`,
    });
  });

  test('names no secret of the address', () => {
    expect(JSON.stringify(disabledAlert(endpoint))).not.toContain('secret');
  });

  test('counts one event as one', () => {
    expect(disabledAlert({ ...endpoint, deadLetters: 1 }).text).toContain('1 event was waiting');
  });
});
