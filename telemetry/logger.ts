import { pino } from 'pino';
import type { Logger } from 'pino';

export type { Logger } from 'pino';

/** Logs JSON lines to stderr; stdout is for a command's result. Secrets are redacted. */
export function createLogger({ level, name }: { level: string; name: string }): Logger {
  return pino(
    {
      level,
      name,
      redact: {
        paths: ['*.authorization', '*.secret', '*.privateKey', '*.credentials', '*.apiKey'],
        censor: '[redacted]',
      },
      serializers: { err: shownError, error: shownError },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ fd: 2, sync: false }),
  );
}

/** Serializes an error for a log line, without a query's parameters, because they may hold secrets. */
export function shownError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const parameters = parametersIn(error);
  const without = (text: string) =>
    parameters.reduce((shown, params) => shown.replaceAll(`\nparams: ${params}`, ''), text);
  const { params: _params, raw: _raw, ...shown } = pino.stdSerializers.err(error) as PlainError;
  return { ...shown, message: without(shown.message), stack: without(shown.stack) };
}

type PlainError = { message: string; stack: string; params?: unknown; raw?: unknown };

/** The parameters as Drizzle writes them into the message of a failed query, and of its causes. */
function parametersIn(error: Error): string[] {
  const found: string[] = [];
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if ('params' in each) found.push(String(each.params));
  }
  return found;
}
