import { isIP } from 'node:net';
import { z } from 'zod';
import { defaultLimits, parseLimits } from './limits.ts';
import type { Limits } from './limits.ts';
import { parseSecretKeys, secretKeysHelp } from './secret-keys.ts';

const secretKeys = z.string().transform((text, context) => {
  const keys = parseSecretKeys(text);
  if (keys) return keys;
  context.addIssue({ code: 'custom', message: secretKeysHelp });
  return z.NEVER;
});

const limits = z.string().transform((text, context) => {
  const parsed = parseLimits(text);
  if (typeof parsed !== 'string') return parsed;
  context.addIssue({ code: 'custom', message: parsed });
  return z.NEVER;
});

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const whole = (lowest: number, highest: number) => {
  const error = `must be a whole number from ${lowest} to ${highest}`;
  return z.coerce.number({ error }).int(error).min(lowest, error).max(highest, error);
};

const listOf = (isOne: (text: string) => boolean, error: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((one) => one.trim()))
    .refine((all) => all.every(isOne), error);

/** `10.0.0.0/8` or `fd00::/8`. */
function isRange(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  const family = isIP(address);
  return family > 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

/** `10.0.0.2`, `10.0.0.2:53`, `::1` or `[::1]:53`. */
function isNameServer(text: string): boolean {
  const bare = /^\[(.+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? text;
  return isIP(bare) > 0 || isIP(bare.replace(/:\d{1,5}$/, '')) === 4;
}

export const environment = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }),
  // The relay uses two of them.
  TENDER_DATABASE_CONNECTIONS: whole(3, 500).default(20),
  TEMPORAL_ADDRESS: z.string().regex(/^[^\s/]+:\d+$/, 'must be host:port, without a scheme'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_TLS: flag.default(false),
  TEMPORAL_TLS_CERT: z.string().optional(),
  TEMPORAL_TLS_KEY: z.string().optional(),
  TEMPORAL_API_KEY: z.string().min(1).optional(),
  TENDER_TASK_QUEUE: z.string().min(1).default('tender'),
  TENDER_SECRET_KEYS: secretKeys,
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8080),
  /** The URL at which payers, merchants and providers reach this API. */
  TENDER_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http(s):// URL' })
    .transform((url) => url.replace(/\/+$/, '')),
  TENDER_ALLOW_PRIVATE_TARGETS: flag.default(false),
  TENDER_DNS_SERVERS: listOf(
    isNameServer,
    'must be addresses like 10.0.0.2 or [::1]:53',
  ).optional(),
  // worker/promise-hook.mjs reads it before any other module is loaded; it is validated here.
  TENDER_WORKFLOW_STACK_TRACES: flag.default(false),
  TENDER_LIMITS: limits.optional(),
  TENDER_TRUSTED_PROXIES: listOf(isRange, 'must be ranges like 10.0.0.0/8').optional(),
  TENDER_DRAIN_SECONDS: whole(0, 300).default(0),
  TENDER_STOP_SECONDS: whole(5, 600).default(30),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type Config = {
  database: { url: string; maxConnections: number };
  temporal: {
    address: string;
    namespace: string;
    taskQueue: string;
    apiKey: string | undefined;
    /** False without TLS; client certificates in PEM when both are set. */
    tls: false | { certPem: string | undefined; keyPem: string | undefined };
  };
  http: { host: string; port: number; publicUrl: string };
  secretKeys: Buffer[];
  /** Development only: merchants' endpoints may be loopback or private addresses. */
  allowPrivateTargets: boolean;
  /** Used instead of the system's name servers; `address` or `address:port`. */
  dnsServers: string[] | undefined;
  limits: Limits;
  /** Address ranges whose `X-Forwarded-For` is trusted. */
  trustedProxies: string[];
  /** On a stop: how long the process serves while it reports not ready, and how long the rest may take. */
  stop: { drainMs: number; withinMs: number };
  logLevel: string;
};

export type ConfigResult =
  | { kind: 'valid'; config: Config }
  /** One line per variable, each beginning with its name. */
  | { kind: 'invalid'; problems: string[] };

/** Parses the whole configuration at once, so that every mistake is reported before anything starts. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): ConfigResult {
  // An empty variable counts as unset, as a blank value in an env file does.
  const variables = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(variables);
  const problems = (parsed.error?.issues ?? []).map((issue) => {
    const name = issue.path.join('.');
    return `${name}: ${variables[name] === undefined ? 'is required' : issue.message}`;
  });
  if (
    (variables['TEMPORAL_TLS_CERT'] === undefined) !==
    (variables['TEMPORAL_TLS_KEY'] === undefined)
  ) {
    problems.push('TEMPORAL_TLS_CERT: must be set together with TEMPORAL_TLS_KEY');
  }
  if (!parsed.success || problems.length > 0) return { kind: 'invalid', problems };
  const e = parsed.data;
  const hasTls =
    e.TEMPORAL_TLS || e.TEMPORAL_TLS_CERT !== undefined || e.TEMPORAL_API_KEY !== undefined;
  return {
    kind: 'valid',
    config: {
      database: { url: e.DATABASE_URL, maxConnections: e.TENDER_DATABASE_CONNECTIONS },
      temporal: {
        address: e.TEMPORAL_ADDRESS,
        namespace: e.TEMPORAL_NAMESPACE,
        taskQueue: e.TENDER_TASK_QUEUE,
        apiKey: e.TEMPORAL_API_KEY,
        tls: hasTls && { certPem: e.TEMPORAL_TLS_CERT, keyPem: e.TEMPORAL_TLS_KEY },
      },
      http: { host: e.HOST, port: e.PORT, publicUrl: e.TENDER_PUBLIC_URL },
      secretKeys: e.TENDER_SECRET_KEYS,
      allowPrivateTargets: e.TENDER_ALLOW_PRIVATE_TARGETS,
      dnsServers: e.TENDER_DNS_SERVERS,
      limits: e.TENDER_LIMITS ?? defaultLimits,
      trustedProxies: e.TENDER_TRUSTED_PROXIES ?? [],
      stop: {
        drainMs: e.TENDER_DRAIN_SECONDS * 1_000,
        withinMs: e.TENDER_STOP_SECONDS * 1_000,
      },
      logLevel: e.LOG_LEVEL,
    },
  };
}
