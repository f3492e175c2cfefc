import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';

/** True where a row could not be written because another has its key. PostgreSQL, appendix A: unique_violation. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505';
}

/** True where two transactions waited for each other and this one gave way. Appendix A: deadlock_detected. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '40P01';
}

/** True where a statement waited too long for a lock (`lock_timeout`). Appendix A: lock_not_available. */
export function isLockTimeout(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  return cause instanceof pg.DatabaseError && cause.code === '55P03';
}
