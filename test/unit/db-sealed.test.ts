import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSealer } from '../../db/sealed.ts';
import type { SealContext } from '../../db/sealed.ts';

const key = randomBytes(32);
const otherKey = randomBytes(32);
const sealer = createSealer([key]);
/** Any words: which there are, `db/sealed-columns.ts` says. */
const bound = (context: string) => context as SealContext;

test('what is sealed is opened again, whatever it is and whatever for', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (plain, context) => {
      expect(sealer.open(sealer.seal(plain, bound(context)), bound(context))).toBe(plain);
    }),
  );
});

test('a sealed text shows nothing of the plain one and is never the same', () => {
  const sealed = Array.from({ length: 50 }, () => sealer.seal('whsec_secret', bound('c')));
  expect(new Set(sealed).size).toBe(50);
  for (const text of sealed) {
    expect(text).toMatch(/^[0-9a-f]{8}\.[A-Za-z0-9_-]+$/);
    expect(Buffer.from(text.slice(9), 'base64url').includes('secret')).toBe(false);
  }
});

test('what was sealed for one tenant and column does not open for another', () => {
  const sealed = sealer.seal('plain', bound('ep_1:endpoints.secret'));
  for (const context of ['ep_2:endpoints.secret', 'ep_1:accounts.secret', '']) {
    expect(() => sealer.open(sealed, bound(context))).toThrow(/authenticate/);
  }
});

test('one changed byte, anywhere, and it does not open', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (plain, at, flip) => {
        const [id, text = ''] = sealer.seal(plain, bound('c')).split('.');
        const bytes = Buffer.from(text, 'base64url');
        bytes[at % bytes.length]! ^= flip;
        expect(() => sealer.open(`${id}.${bytes.toString('base64url')}`, bound('c'))).toThrow(
          Error,
        );
      },
    ),
  );
});

test('a text cut short does not open', () => {
  const sealed = sealer.seal('a plain text', bound('c'));
  for (let length = 0; length < sealed.length - 1; length++) {
    expect(() => sealer.open(sealed.slice(0, length), bound('c'))).toThrow(Error);
  }
});

test('keys rotate with overlap: the new one seals, the old one still opens', () => {
  const before = createSealer([key]);
  const during = createSealer([otherKey, key]);
  const after = createSealer([otherKey]);
  const old = before.seal('plain', bound('c'));
  const fresh = during.seal('plain', bound('c'));
  expect(during.open(old, bound('c'))).toBe('plain');
  expect(after.open(fresh, bound('c'))).toBe('plain');
  expect(() => before.open(fresh, bound('c'))).toThrow(/TENDER_SECRET_KEYS/);
  expect(() => after.open(old, bound('c'))).toThrow(/TENDER_SECRET_KEYS/);
});

test('without a key nothing begins', () => {
  expect(() => createSealer([])).toThrow(/key/);
});

test('what fails to open names no plain text and no key', () => {
  const sealed = sealer.seal('whsec_secret', bound('c'));
  const said: string[] = [];
  for (const attempt of [
    () => sealer.open(sealed, bound('other')),
    () => createSealer([otherKey]).open(sealed, bound('c')),
    () => sealer.open('garbage', bound('c')),
  ]) {
    try {
      attempt();
    } catch (error) {
      said.push(String(error));
    }
  }
  expect(said).toHaveLength(3);
  for (const text of said) {
    expect(text).not.toContain('secret_');
    expect(text).not.toContain(key.toString('base64'));
    expect(text).not.toContain(otherKey.toString('base64'));
  }
});
