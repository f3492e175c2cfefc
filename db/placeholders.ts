import { sql } from 'drizzle-orm';

/** Placeholders of a `statement`, with the types that PostgreSQL cannot infer. */
export const text = (name: string) => sql`${sql.placeholder(name)}::text`;
export const texts = (name: string) => array(name, 'text');
export const int = (name: string) => sql`${sql.placeholder(name)}::int`;
export const minor = (name: string) => sql`${sql.placeholder(name)}::bigint`;
export const json = (name: string) => sql`${sql.placeholder(name)}::jsonb`;
export const at = (name: string) => sql`${sql.placeholder(name)}::timestamptz`;
export const array = (name: string, type: string) =>
  sql`${sql.placeholder(name)}::${sql.raw(`${type}[]`)}`;
