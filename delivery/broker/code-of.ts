import { BrokerRefusal } from './refusal.ts';

/**
 * The code for the attempt's record: RabbitMQ's `404 (NOT_FOUND)`, Kafka's `UNKNOWN_TOPIC_OR_PARTITION`, a socket's
 * `ECONNREFUSED`, whichever is closest to the cause.
 */
export function brokerCodeOf(error: unknown): string {
  const errors = chainOf(error);
  const codes = errors.map((one) => codeIn(one)).filter((code) => code !== undefined);
  return (codes.at(-1) ?? nameOf(errors[0]) ?? 'unknown').toLowerCase();
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

function codeIn(error: Error): string | undefined {
  if (error instanceof BrokerRefusal) return error.code;
  const amqpCode = /\b\d{3} \(([A-Z][A-Z_-]+)\)/.exec(error.message)?.[1];
  if (amqpCode !== undefined) return amqpCode.replaceAll('-', '_');
  if ('type' in error && typeof error.type === 'string' && error.type !== '') return error.type;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `KafkaJSSASLAuthenticationError` becomes `SASL_Authentication_Error`. */
function nameOf(error: Error | undefined): string | undefined {
  return error?.name
    .replace(/^KafkaJS/, '')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2');
}
