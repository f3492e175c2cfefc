import { BrokerRefusal } from './refusal.ts';

/**
 * The word that stands in the record of an attempt: RabbitMQ's `404 (NOT_FOUND)`, Kafka's
 * `UNKNOWN_TOPIC_OR_PARTITION`, a socket's `ECONNREFUSED`, whichever is the nearest to the cause.
 */
export function brokerCodeOf(error: unknown): string {
  const errors = chainOf(error);
  const words = errors.map((one) => wordOf(one)).filter((word) => word !== undefined);
  return (words.at(-1) ?? nameOf(errors[0]) ?? 'unknown').toLowerCase();
}

const deepest = 5;

function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  let next = error;
  while (next instanceof Error && chain.length < deepest) {
    chain.push(next);
    next = next.cause ?? ('originalError' in next ? next.originalError : undefined);
  }
  return chain;
}

function wordOf(error: Error): string | undefined {
  if (error instanceof BrokerRefusal) return error.code;
  const said = /\b\d{3} \(([A-Z][A-Z_-]+)\)/.exec(error.message)?.[1];
  if (said !== undefined) return said.replaceAll('-', '_');
  if ('type' in error && typeof error.type === 'string' && error.type !== '') return error.type;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `KafkaJSSASLAuthenticationError` is `SASL_Authentication_Error`. */
function nameOf(error: Error | undefined): string | undefined {
  return error?.name
    .replace(/^KafkaJS/, '')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2');
}
