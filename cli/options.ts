import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { instantSchema } from '../api/schemas.ts';
import type { Database } from '../db/database.ts';
import { findMerchant } from '../db/queries/merchants.ts';
import { isId } from '../domain/ids.ts';
import type { MerchantId } from '../domain/ids.ts';

/** Options and parsers that several commands share. */

export const merchantOption = () =>
  new Option('--merchant <id>', 'the merchant, mer_…')
    .makeOptionMandatory()
    .argParser(parseMerchantId);

function parseMerchantId(text: string): MerchantId {
  const id = text.trim();
  if (!isId('merchant', id))
    throw new InvalidArgumentError('It must be the id mer_… of a merchant.');
  return id;
}

export function parseUrl(text: string): string {
  const url = text.trim();
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new InvalidArgumentError('It must be an address, http://… or https://….');
  }
  return url;
}

export function parseText(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') throw new InvalidArgumentError('It must not be empty.');
  return trimmed;
}

export function parseList(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

export function parseFutureInstant(text: string): Date {
  const parsed = instantSchema.safeParse(text.trim());
  if (!parsed.success) throw new InvalidArgumentError(`It ${parsed.error.issues[0]?.message}.`);
  const instant = new Date(parsed.data);
  if (instant <= new Date()) throw new InvalidArgumentError('It must be in the future.');
  return instant;
}

/** A parser of whole numbers from 0 to `max`. */
export function wholeNumberUpTo(max: number): (text: string) => number {
  return (text) => {
    const isValid = /^\d+$/.test(text) && Number(text) <= max;
    if (!isValid) throw new InvalidArgumentError(`It must be a whole number from 0 to ${max}.`);
    return Number(text);
  };
}

/** Finds a merchant by id. Throws if it does not exist. */
export async function findKnownMerchant(db: Database, merchantId: MerchantId): Promise<MerchantId> {
  const merchant = await findMerchant(db, { merchantId });
  if (!merchant) throw new Error(`--merchant: there is no merchant ${merchantId}`);
  return merchant.id;
}
