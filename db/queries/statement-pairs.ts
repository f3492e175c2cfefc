import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { AccountId, OrderId, PaymentId, RefundId } from '../../domain/ids.ts';
import { borderMs } from '../../domain/reconciliation.ts';
import type { OurSide, Pair } from '../../domain/reconciliation.ts';
import { ledgerEntries } from '../schema/ledger.ts';
import { payments } from '../schema/orders.ts';
import { statementEntries, statements } from '../schema/reconciliations.ts';
import { disputes, refunds } from '../schema/refunds.ts';

export type Day = {
  accountId: AccountId;
  date: string;
  timeZone: string;
  /** The day's own statement. */
  statementId: number;
};

export type PairRow = {
  about: Pair['about'];
  number: string;
  order_id: OrderId | null;
  payment_id: PaymentId | null;
  refund_id: RefundId | null;
  out_trade_no: string | null;
  provider_trade_no: string | null;
  provider_refund_no: string | null;
  our_status: OurSide['status'] | null;
  our_minor: number | null;
  our_currency: string | null;
  ledger_minor: number | null;
  lines: number | null;
  their_minor: number | null;
  their_currency: string | null;
  is_overruled: boolean | null;
  note: string | null;
  other_days: Pair['otherDays'];
  needed: string[] | null;
};

/** The columns of `pairs`, as in `PairRow`. */
export const pairColumns = sql.raw(
  `about, number, order_id, payment_id, refund_id, out_trade_no, provider_trade_no, provider_refund_no, our_status,
   our_minor, our_currency, ledger_minor, lines, their_minor, their_currency, is_overruled, note, other_days, needed`,
);

/**
 * Both sides of a day by number, as a CTE `pairs`: every line of the statement with our record of its number, and
 * everything that we settled that day. Includes what we settled the day before if it waited for this day's statement.
 *
 * A line may be on the day of the settlement, on a neighbouring day if that was near midnight, on the day we learned of
 * it (an authorisation captured later), and for refunds on the day of their acceptance. It counts as missing only if
 * all those statements (`needed`) are loaded and none has it.
 */
export function pairsOf({ accountId, date, timeZone, statementId }: Day): SQL {
  const border = sql`make_interval(secs => ${borderMs / 1_000}::int)`;
  const from = sql`(${date}::date)::timestamp at time zone ${timeZone}::text`;
  const until = sql`(${date}::date + 1)::timestamp at time zone ${timeZone}::text`;
  const dayOf = (at: SQL) => sql`(${at} at time zone ${timeZone}::text)::date`;
  const around = (at: SQL) =>
    sql`${dayOf(sql`(${at} - ${border})`)}, ${dayOf(sql`(${at} + ${border})`)}`;
  const settledThen = sql`settled_at >= ${from} - interval '1 day' and settled_at < ${until}`;
  const columns = sql.raw(
    'order_id, out_trade_no, status, amount_minor, currency, settled_at, created_at',
  );
  const refundColumns = sql.raw(
    'id, order_id, payment_id, refund_no, provider_refund_no, status, amount_minor, currency, settled_at, created_at',
  );
  const theirColumns = sql.raw(
    'number, out_trade_no, provider_trade_no, provider_refund_no, lines, minor, currency, is_overruled, note',
  );
  const moved = (id: SQL) => sql`
    select coalesce(sum(amount_minor) filter (where book = 'provider'), 0) as minor,
      min(created_at) as learned_at
    from ${ledgerEntries} where split_part(transaction, ':', 2) = ${id}`;
  const isLoaded = (day: SQL) => sql`exists (select from ${statements} as s
    where s.account_id = ${accountId} and s.date = ${day} and s.loaded_at is not null)`;
  const otherDays = (kind: string) => sql`case
    when exists (select from ${statementEntries} as e join ${statements} as s on s.id = e.statement_id
      where e.account_id = ${accountId} and e.kind = ${kind} and e.number = sides.number
        and s.loaded_at is not null) then 'found'
    when exists (select from ${statementEntries} as e join ${statements} as s on s.id = e.statement_id
      where e.account_id = ${accountId} and e.kind = 'unreadable' and e.number = sides.out_trade_no
        and s.loaded_at is not null) then 'found'
    when exists (select from unnest(needed) as other(day) where not ${isLoaded(sql`other.day`)}) then 'undecided'
    else 'absent' end`;

  return sql`
  theirs as materialized (
    select kind, number, min(note) as note, min(out_trade_no) as out_trade_no, min(provider_trade_no) as provider_trade_no,
      min(provider_refund_no) as provider_refund_no, count(*)::int as lines,
      (array_agg(amount_minor order by line))[1] as minor,
      (array_agg(currency order by line))[1] as currency, bool_and(is_overruled) as is_overruled
    from ${statementEntries} where statement_id = ${statementId} group by kind, number),
  our_payments as materialized (
    select id, provider_trade_no, captured_minor, ${columns} from ${payments}
    where account_id = ${accountId} and status = 'succeeded' and ${settledThen}
    union
    select id, provider_trade_no, captured_minor, ${columns} from ${payments}
    where account_id = ${accountId}
      and out_trade_no in (select number from theirs where kind = 'payment')),
  our_refunds as materialized (
    select r.id, r.order_id, r.payment_id, r.refund_no, r.provider_refund_no, r.status, r.amount_minor,
      r.currency, r.settled_at, r.created_at, p.out_trade_no
    from (
      select ${refundColumns} from ${refunds}
      where account_id = ${accountId} and status = 'succeeded' and ${settledThen}
      union
      select ${refundColumns} from ${refunds} where account_id = ${accountId}
        and refund_no in (select number from theirs where kind = 'refund')) as r
      join ${payments} as p on p.id = r.payment_id),
  sides as (
    select 'payment' as about, coalesce(t.number, o.out_trade_no) as number, o.order_id, o.id as payment_id,
      null as refund_id, coalesce(t.out_trade_no, o.out_trade_no) as out_trade_no,
      coalesce(t.provider_trade_no, o.provider_trade_no) as provider_trade_no,
      null as provider_refund_no, o.status as our_status,
      case when o.status = 'succeeded' then o.captured_minor else o.amount_minor end as our_minor,
      o.currency as our_currency, l.minor as ledger_minor, t.lines, t.minor as their_minor,
      t.currency as their_currency, t.is_overruled, t.note, o.settled_at,
      array[${around(sql`o.settled_at`)}, ${dayOf(sql`l.learned_at`)}] as needed
    from our_payments as o
      full join (select ${theirColumns} from theirs where kind = 'payment') as t on t.number = o.out_trade_no
      left join lateral (${moved(sql`o.id`)}) as l on true
    union all
    select 'refund', coalesce(t.number, o.refund_no), coalesce(o.order_id, p.order_id),
      coalesce(o.payment_id, p.id), o.id, coalesce(t.out_trade_no, o.out_trade_no),
      t.provider_trade_no, coalesce(t.provider_refund_no, o.provider_refund_no), o.status, o.amount_minor,
      o.currency, -l.minor, t.lines, t.minor, t.currency, t.is_overruled, t.note, o.settled_at,
      array[${around(sql`o.settled_at`)}, ${around(sql`o.created_at`)}]
    from our_refunds as o
      full join (select ${theirColumns} from theirs where kind = 'refund') as t on t.number = o.refund_no
      left join ${payments} as p on p.account_id = ${accountId} and p.out_trade_no = t.out_trade_no
      left join lateral (${moved(sql`o.id`)}) as l on true
    union all
    select 'dispute', t.number, coalesce(d.order_id, p.order_id), coalesce(d.payment_id, p.id), null,
      t.out_trade_no, t.provider_trade_no, null, d.status, d.amount_minor, d.currency, -l.minor, t.lines,
      t.minor, t.currency, t.is_overruled, t.note, null, null
    from (select ${theirColumns} from theirs where kind = 'dispute') as t
      left join ${disputes} as d on d.account_id = ${accountId} and d.dispute_no = t.number
      left join ${payments} as p on p.account_id = ${accountId} and p.out_trade_no = t.out_trade_no
      left join lateral (
        select coalesce(sum(amount_minor) filter (where book in ('provider', 'disputes')), 0) as minor
        from ${ledgerEntries} where split_part(transaction, ':', 2) = d.id) as l on true
    union all
    select 'line', t.number, p.order_id, p.id, null, nullif(t.out_trade_no, ''), null, null, null, null,
      null, null, t.lines, null, null, t.is_overruled, t.note, null, null
    from (select ${theirColumns} from theirs where kind = 'unreadable') as t
      left join ${payments} as p on p.account_id = ${accountId} and p.out_trade_no = t.out_trade_no),
  pairs as (
    select about, number, order_id, payment_id, refund_id, out_trade_no, provider_trade_no,
      provider_refund_no, our_status, our_minor::float8, our_currency, ledger_minor::float8, lines,
      their_minor::float8, their_currency, is_overruled, note, needed,
      case when lines is not null then 'found'
        when about = 'payment' then ${otherDays('payment')}
        else ${otherDays('refund')} end as other_days
    from (select about, number, order_id, payment_id, refund_id, out_trade_no, provider_trade_no,
        provider_refund_no, our_status, our_minor, our_currency, ledger_minor, lines, their_minor,
        their_currency, is_overruled, note, settled_at,
        array(select distinct day from unnest(needed) as day where day is not null) as needed
      from sides) as sides
    where lines is not null or settled_at >= ${from} or ${date}::date = any (needed))`;
}
