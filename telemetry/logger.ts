import { pino } from 'pino';
import type { Logger } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on stderr; stdout belongs to what a command answers. Secrets never reach a line. */
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

/** An error as a line shows it. What a statement was given may be anybody's key: its parameters are left out. */
export function shownError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const parameters = parametersIn(error);
  const without = (text: string) =>
    parameters.reduce((shown, given) => shown.replaceAll(`\nparams: ${given}`, ''), text);
  const { params: _params, raw: _raw, ...shown } = pino.stdSerializers.err(error) as PlainError;
  return { ...shown, message: without(shown.message), stack: without(shown.stack) };
}

type PlainError = { message: string; stack: string; params?: unknown; raw?: unknown };

/** As Drizzle writes them into the message of a query that failed, and of those that caused it. */
function parametersIn(error: Error): string[] {
  const given: string[] = [];
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if ('params' in each) given.push(String(each.params));
  }
  return given;
}
