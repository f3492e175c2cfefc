import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseConfig } from '../../config/config.ts';
import { defaultLimits } from '../../config/limits.ts';

const key = randomBytes(32);
const enough = {
  DATABASE_URL: 'postgres://tender@127.0.0.1:5432/tender',
  TEMPORAL_ADDRESS: '127.0.0.1:7233',
  TENDER_SECRET_KEYS: key.toString('base64'),
  TENDER_PUBLIC_URL: 'https://pay.shop.example/',
};

function problemsOf(env: Record<string, string | undefined>): string[] {
  const result = parseConfig(env);
  return result.kind === 'invalid' ? result.problems : [];
}

function configOf(env: Record<string, string | undefined>) {
  const result = parseConfig(env);
  if (result.kind === 'invalid') throw new Error(result.problems.join('; '));
  return result.config;
}

test('four variables are enough, and the rest is safe by default', () => {
  expect(configOf(enough)).toEqual({
    database: { url: enough.DATABASE_URL, maxConnections: 20 },
    temporal: {
      address: '127.0.0.1:7233',
      namespace: 'default',
      taskQueue: 'tender',
      apiKey: undefined,
      tls: false,
    },
    http: { host: '127.0.0.1', port: 8080, publicUrl: 'https://pay.shop.example' },
    secretKeys: [key],
    allowPrivateTargets: false,
    dnsServers: undefined,
    limits: defaultLimits,
    trustedProxies: [],
    stop: { drainMs: 0, withinMs: 30_000 },
    logLevel: 'info',
  });
});

test('everything can be set', () => {
  const config = configOf({
    ...enough,
    TENDER_DATABASE_CONNECTIONS: '7',
    TEMPORAL_NAMESPACE: 'shop.a1b2c',
    TEMPORAL_API_KEY: 'an-api-key',
    TENDER_TASK_QUEUE: 'other',
    HOST: '0.0.0.0',
    PORT: '0',
    TENDER_ALLOW_PRIVATE_TARGETS: 'true',
    TENDER_WORKFLOW_STACK_TRACES: 'true',
    TENDER_DRAIN_SECONDS: '15',
    TENDER_STOP_SECONDS: '60',
    LOG_LEVEL: 'debug',
  });
  expect(config.stop).toEqual({ drainMs: 15_000, withinMs: 60_000 });
  expect(config.database.maxConnections).toBe(7);
  expect(config.temporal).toEqual({
    address: '127.0.0.1:7233',
    namespace: 'shop.a1b2c',
    taskQueue: 'other',
    apiKey: 'an-api-key',
    tls: { certPem: undefined, keyPem: undefined },
  });
  expect(config.http).toMatchObject({ host: '0.0.0.0', port: 0 });
  expect(config.allowPrivateTargets).toBe(true);
  expect(config.logLevel).toBe('debug');
});

test.each([
  ['DATABASE_URL', 'mysql://x/y'],
  ['DATABASE_URL', 'tender'],
  ['DATABASE_URL', undefined],
  ['TENDER_DATABASE_CONNECTIONS', '2'],
  ['TENDER_DATABASE_CONNECTIONS', 'many'],
  ['TENDER_DATABASE_CONNECTIONS', '2.5'],
  ['TEMPORAL_ADDRESS', 'http://127.0.0.1:7233'],
  ['TEMPORAL_ADDRESS', '127.0.0.1'],
  ['TEMPORAL_ADDRESS', undefined],
  ['TEMPORAL_TLS', 'yes'],
  ['TEMPORAL_TLS_CERT', '-----BEGIN CERTIFICATE-----'],
  ['TENDER_SECRET_KEYS', undefined],
  ['TENDER_SECRET_KEYS', 'short'],
  ['TENDER_SECRET_KEYS', `${key.toString('base64')},short`],
  ['TENDER_SECRET_KEYS', `${key.toString('base64')},`],
  ['TENDER_PUBLIC_URL', 'pay.shop.example'],
  ['TENDER_PUBLIC_URL', 'ftp://pay.shop.example'],
  ['TENDER_PUBLIC_URL', undefined],
  ['TENDER_ALLOW_PRIVATE_TARGETS', 'TRUE'],
  ['TENDER_ALLOW_PRIVATE_TARGETS', '1'],
  ['TENDER_WORKFLOW_STACK_TRACES', 'on'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', 'http'],
  ['TENDER_DRAIN_SECONDS', '-1'],
  ['TENDER_STOP_SECONDS', '4'],
  ['LOG_LEVEL', 'loud'],
])('%s=%s is named, in one line, and nothing else is', (name, value) => {
  const problems = problemsOf({ ...enough, [name]: value });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(new RegExp(`^${name}: .+`));
  expect(problems[0]).not.toContain('\n');
});

test('every mistake is named at once', () => {
  const problems = problemsOf({
    TEMPORAL_ADDRESS: 'nowhere',
    PORT: 'http',
    TEMPORAL_TLS_KEY: '-----BEGIN PRIVATE KEY-----',
    LOG_LEVEL: 'loud',
  });
  const named = problems.map((line) => line.split(':')[0] ?? '');
  expect(named.toSorted()).toEqual([
    'DATABASE_URL',
    'LOG_LEVEL',
    'PORT',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_TLS_CERT',
    'TENDER_PUBLIC_URL',
    'TENDER_SECRET_KEYS',
  ]);
});

test('a blank variable is one that is not set', () => {
  expect(configOf({ ...enough, PORT: '', LOG_LEVEL: '' }).http.port).toBe(8080);
  expect(problemsOf({ ...enough, DATABASE_URL: '' })).toEqual(['DATABASE_URL: is required']);
});

test('no problem repeats a secret', () => {
  const secret = 'not-quite-32-bytes-but-still-secret';
  expect(problemsOf({ ...enough, TENDER_SECRET_KEYS: secret }).join()).not.toContain(secret);
  const url = 'mysql://tender:hunter2@db/tender';
  expect(problemsOf({ ...enough, DATABASE_URL: url }).join()).not.toContain('hunter2');
});

test('keys come in the order in which they are to be used', () => {
  const other = randomBytes(32);
  const both = `${other.toString('base64')} , ${key.toString('base64')}`;
  expect(configOf({ ...enough, TENDER_SECRET_KEYS: both }).secretKeys).toEqual([other, key]);
});

test('a client certificate turns TLS on', () => {
  const { temporal } = configOf({
    ...enough,
    TEMPORAL_TLS_CERT: 'cert',
    TEMPORAL_TLS_KEY: 'key',
  });
  expect(temporal.tls).toEqual({ certPem: 'cert', keyPem: 'key' });
});
