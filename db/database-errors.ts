import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';

/** True if a unique constraint was violated. PostgreSQL, appendix A: unique_violation. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505';
}

/** True if this transaction was chosen as the victim of a deadlock. Appendix A: deadlock_detected. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '40P01';
}

/** True if a statement exceeded `lock_timeout`. Appendix A: lock_not_available. */
export function isLockTimeout(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  return cause instanceof pg.DatabaseError && cause.code === '55P03';
}

// Appendix A: connection exceptions (class 08), too_many_connections, admin_shutdown, crash_shutdown, cannot_connect_now.
const awayCodes =
  /^(?:08\w{3}|53300|57P0[123]|ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH)$/;
const awayMessages = /^(?:timeout exceeded when trying to connect|Connection terminated)/;

/** True if the database was unreachable or the connection broke: the same statement may succeed in a moment. */
export function isDatabaseAway(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (cause instanceof AggregateError) return cause.errors.some(isDatabaseAway);
  if (!(cause instanceof Error)) return false;
  return (
    awayMessages.test(cause.message) || ('code' in cause && awayCodes.test(String(cause.code)))
  );
}
