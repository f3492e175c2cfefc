import { readState } from '../config/local-state.ts';
import { openDatabase } from '../db/database.ts';
import type { Database, OpenDatabase } from '../db/database.ts';
import type { Sealer } from '../db/sealed.ts';
import { openSealer } from './open-sealer.ts';

/** The dependencies of a command. Each is opened when it is first read, so `--help` needs none of them. */
export type CommandContext = {
  readonly db: Database;
  /** The public URL of this Tender. */
  readonly publicUrl: string;
  openSealer(options?: { hasNeighboursChecked?: boolean }): Promise<Sealer>;
  close(): Promise<void>;
};

/** Reads this process's environment and, for unset variables, that of the last `npm start` in this folder. */
export function createContext(): CommandContext {
  let opened: OpenDatabase | undefined;
  const open = () => openDatabase({ url: databaseUrl(), maxConnections: 1, onError: () => {} });
  const context: CommandContext = {
    get db() {
      opened ??= open();
      return opened.db;
    },
    get publicUrl() {
      return readVariable('TENDER_PUBLIC_URL');
    },
    openSealer: (options = {}) =>
      openSealer(context.db, { secretKeys: readVariable('TENDER_SECRET_KEYS'), ...options }),
    close: async () => opened?.close(),
  };
  return context;
}

function readVariable(name: string): string {
  const localEnvironment = readState<Record<string, string>>('environment.json');
  const value = process.env[name] ?? localEnvironment?.[name];
  if (value === undefined)
    throw new Error(`${name} is not set. Set it, or run npm start here first.`);
  return value;
}

function databaseUrl(): string {
  const url = readVariable('DATABASE_URL');
  if (/^postgres(?:ql)?:\/\//.test(url)) return url;
  throw new Error('DATABASE_URL must be an address, postgres://…');
}
