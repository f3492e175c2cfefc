/** The error's message on one line. */
export function errorLine(error: unknown): string {
  return toOneLine(describe(error));
}

export function toOneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ');
}

/** The message of a failed query holds its parameters, which may be secrets: only its cause is printed. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isConnection = 'code' in error && /^E[A-Z]+$/.test(String(error.code));
  const failure = isConnection ? error : error.cause;
  const isOfDatabase = isConnection || error.message.startsWith('Failed query');
  if (!isOfDatabase || !(failure instanceof Error)) return error.message;
  const code = 'code' in failure ? String(failure.code) : '';
  return `The database failed: ${failure.message || code}. Check that DATABASE_URL is correct and PostgreSQL is running.`;
}
