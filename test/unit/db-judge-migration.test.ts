import { describe, expect, test } from 'vitest';
import { judgeMigration } from '../../db/migration-checks/judge-migration.ts';

const earlier = ['0021_last', '0030_expand'];
const judge = (sql: string) => judgeMigration({ sql, earlier });
const judgeCompatible = (sql: string) => judge(`-- compatible: because.\n${sql}`);

describe('a migration marked compatible', () => {
  test.each([
    'CREATE TABLE "tips" ("id" text PRIMARY KEY NOT NULL, "kind" text NOT NULL);',
    'CREATE TABLE "tips" ("id" text);--> statement-breakpoint\nALTER TABLE "tips" ADD CONSTRAINT "fk" FOREIGN KEY ("id") REFERENCES "public"."orders"("id");',
    'CREATE TABLE "tips" ("id" text);\n--> statement-breakpoint\nCREATE UNIQUE INDEX "tips_once" ON "tips" USING btree ("id");',
    'ALTER TABLE "orders" ADD COLUMN "tip" bigint;',
    `ALTER TABLE "orders" ADD COLUMN "kind" text DEFAULT 'a, not null; drop table' NOT NULL, ADD COLUMN "tip" numeric(10, 2);`,
    'ALTER TABLE "orders" ALTER COLUMN "kind" SET DEFAULT \'a\';',
    'CREATE INDEX "orders_by_tip" ON "orders" USING btree ("tip");',
    'ALTER INDEX "orders_by_tip" RENAME TO "orders_tipped";',
    'UPDATE "orders" SET "kind" = \'rename\' WHERE "kind" IS NULL;',
    '-- drop table orders\nCREATE FUNCTION tender_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM x; DROP TABLE y; END $$;',
    'CREATE TRIGGER t AFTER UPDATE ON "orders" FOR EACH ROW EXECUTE FUNCTION tender_f();',
  ])('may say %s', (sql) => {
    expect(judgeCompatible(sql)).toEqual([]);
  });

  test.each([
    'DROP TABLE "orders";',
    'DROP INDEX "orders_open";',
    'DROP TRIGGER t ON "orders";',
    'TRUNCATE "orders";',
    'DELETE FROM "orders";',
    'ALTER TABLE "orders" DROP COLUMN "tip";',
    'ALTER TABLE "orders" ADD COLUMN "a" text, DROP COLUMN IF EXISTS "tip";',
    'ALTER TABLE "orders" DROP CONSTRAINT "fk";',
    'ALTER TABLE "orders" RENAME TO "sales";',
    'ALTER TABLE "orders" RENAME COLUMN "tip" TO "gratuity";',
    "ALTER TYPE \"kind\" RENAME VALUE 'a' TO 'b';",
    'ALTER TYPE "kind" ADD VALUE \'c\';',
    'ALTER TABLE "orders" ALTER COLUMN "tip" SET DATA TYPE text;',
    'ALTER TABLE "orders" ALTER COLUMN "tip" TYPE text;',
    'ALTER TABLE "orders" ALTER COLUMN "tip" SET NOT NULL;',
    'ALTER TABLE "orders" ALTER COLUMN "tip" DROP NOT NULL;',
    'ALTER TABLE "orders" ALTER COLUMN "tip" DROP DEFAULT;',
    'ALTER TABLE "orders" ADD COLUMN "kind" text NOT NULL;',
    'alter table only public.orders add kind numeric(10, 2) not null;',
    'ALTER TABLE "orders" ADD COLUMN "a" text DEFAULT \'a\', ADD COLUMN "kind" text NOT NULL;',
    'ALTER TABLE "orders" ADD COLUMN "kind" text UNIQUE;',
    'ALTER TABLE "orders" ADD COLUMN "kind" text REFERENCES "kinds"("id");',
    'ALTER TABLE "orders" ADD CONSTRAINT "positive" CHECK ("tip" > 0) NOT VALID;',
    'ALTER TABLE "orders" ENABLE ROW LEVEL SECURITY;',
    'ALTER TABLE "orders" SET SCHEMA "other";',
    'CREATE UNIQUE INDEX "once" ON "orders" USING btree ("tip");',
    'CREATE OR REPLACE FUNCTION tender_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$;',
    'DO $$ BEGIN END $$;',
    'REVOKE ALL ON "orders" FROM PUBLIC;',
  ])('may not say %s', (sql) => {
    expect(judgeCompatible(sql)).toEqual([
      expect.stringContaining('is marked compatible, but has'),
    ]);
  });

  test('is told the statement and what an old process has to do with it', () => {
    expect(
      judgeCompatible(
        'CREATE TABLE "tips" ("id" text);\n--> statement-breakpoint\nALTER TABLE "orders" ALTER COLUMN "tip" SET NOT NULL;',
      ),
    ).toEqual([
      'is marked compatible, but has alter table orders alter column tip set not null: an old process may still write null',
    ]);
  });
});

describe('a migration marked breaking', () => {
  const drop = 'ALTER TABLE "orders" DROP COLUMN "tip";';

  test('names the steps before it and the first release that may bring it', () => {
    expect(
      judge(
        `-- breaking: an old process reads it.\n-- Steps before: 0021_last, 0030_expand. From release: 1.2.0.\n${drop}`,
      ),
    ).toEqual([]);
    expect(judge(`-- breaking: an old process reads it.\n${drop}`)).toEqual([
      expect.stringContaining('must end in'),
    ]);
  });

  test('names only steps that there are before it', () => {
    expect(
      judge(`-- breaking: x. Steps before: 0032_later. From release: 1.2.0.\n${drop}`),
    ).toEqual([expect.stringContaining('names 0032_later')]);
  });
});

test('a migration that says neither is refused', () => {
  expect(judge('ALTER TABLE "orders" ADD COLUMN "tip" bigint;')).toHaveLength(1);
  expect(judge('-- compatible\nALTER TABLE "orders" ADD COLUMN "tip" bigint;')).toHaveLength(1);
});
