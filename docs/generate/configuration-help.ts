import type { environment } from '../../config/config.ts';

/** What each variable means; a variable without a line here is a type error. */
export const configurationHelp: Record<keyof typeof environment.shape, string> = {
  DATABASE_URL: '`postgres://…`. Migrations run at start, under a lock.',
  TENDER_DATABASE_CONNECTIONS: 'Size of the connection pool of each process, at least 3.',
  TEMPORAL_ADDRESS: '`host:port`, without a scheme.',
  TEMPORAL_NAMESPACE: 'Temporal namespace.',
  TEMPORAL_TLS:
    '`true` connects with TLS. A client certificate or an API key turns TLS on as well.',
  TEMPORAL_TLS_CERT: 'Client certificate in PEM, together with `TEMPORAL_TLS_KEY`.',
  TEMPORAL_TLS_KEY: 'Private key of the client certificate in PEM.',
  TEMPORAL_API_KEY: 'API key, for example of Temporal Cloud.',
  TENDER_TASK_QUEUE:
    'Temporal task queue. Activities that wait for merchants’ receivers use `<queue>-receivers`; the same workers serve both.',
  TENDER_SECRET_KEYS:
    '32-byte keys in base64, separated by commas (`openssl rand -base64 32`). The first key encrypts; every key decrypts. [Encryption keys](../operations/secrets.md) says how to rotate them.',
  HOST: 'Address that the API listens on.',
  PORT: 'Port that the API listens on; 0 picks a free one.',
  TENDER_PUBLIC_URL:
    'Address at which payers, merchants and providers reach the API, `http(s)://…`.',
  TENDER_ALLOW_PRIVATE_TARGETS:
    'Development only: `true` lets merchants’ endpoints be loopback or private addresses.',
  TENDER_DNS_SERVERS:
    'Name servers to ask instead of the system’s, such as `10.0.0.2,[fd00::2]:53`.',
  TENDER_WORKFLOW_STACK_TRACES:
    '`true` fills the Call Stack tab of the Temporal UI, for a third more CPU ([decision 4](../explanation/decisions/0004-no-stack-trace-per-promise.md)).',
  TENDER_LIMITS:
    'Overrides of [limits](limits.md), such as `requestsPerSecondPerKey=500,endpointsPerMerchant=50`.',
  TENDER_TRUSTED_PROXIES:
    'Address ranges whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`.',
  TENDER_DRAIN_SECONDS:
    'After SIGTERM: how long the process still serves while `/readyz` answers 503 ([probes](../operations/probes.md)).',
  TENDER_STOP_SECONDS: 'After the drain: how long the rest of the shutdown may take.',
  LOG_LEVEL: '`trace`, `debug`, `info`, `warn`, `error` or `silent`.',
};
