import { ensureDatabase } from '../services/ensure-database.ts';
import { startNodeProcess } from '../services/child.ts';
import type { NodeProcess } from '../services/child.ts';
import { platformProcess } from '../services/platform-process.ts';
import { pickPort } from '../services/ports.ts';
import { providerNames, simulatorEnv, simulatorProcesses } from '../services/simulators.ts';
import { startPostgres } from '../services/postgres.ts';
import { resolveTemporalBinary } from '../services/temporal-binary.ts';
import { startTemporal } from '../services/temporal.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { definitions } from '../../providers/registry.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { localSecretKeys, statePath, writeState } from './state.ts';
import type { Steps } from './steps.ts';

/** Everything that runs, in the order in which it was started. */
export type Local = {
  apiUrl: string;
  simulatorUrls: Record<ProviderName, string>;
  merchantUrl: string;
  temporalUiUrl: string;
  temporalNamespace: string;
  databaseUrl: string;
  secretKeys: string;
  versions: Record<string, string>;
  /** Rejects, naming the part, when one ends that nobody asked to end. */
  broken: Promise<never>;
  stop(): Promise<void>;
};

function urlsOf(ports: Record<ProviderName, number>): Record<ProviderName, string> {
  const entries = Object.entries(ports).map(([name, port]) => [name, `http://127.0.0.1:${port}`]);
  return Object.fromEntries(entries) as Record<ProviderName, string>;
}

type Stoppable = { stop(): Promise<void> };

/** Brings up every part that no address was given for. What was started is stopped again when a later part fails. */
export async function bringUp({ steps }: { steps: Steps }): Promise<Local> {
  const started: Stoppable[] = [];
  const stop = async () => {
    for (const part of started.splice(0).toReversed()) await part.stop();
  };
  const breaking = new AbortController();
  const broken = new Promise<never>((_, reject) => {
    breaking.signal.addEventListener('abort', () => reject(breaking.signal.reason as Error));
  });
  // Awaited by whoever runs us; until then a rejection has to be heard by somebody.
  broken.catch(() => {});
  const watch = (part: string) => (exit: { code: number; logTail: string }) => {
    const detail = `${part} ended with ${exit.code}. The end of its log, ${statePath('logs')}:\n${exit.logTail}`;
    breaking.abort(new Error(detail));
  };
  const port = async (part: string, preferred: number): Promise<number> => {
    const picked = await pickPort(preferred);
    if (picked.replaced) steps.say(`  ! port ${preferred} is busy: ${part} takes ${picked.port}`);
    return picked.port;
  };
  const logFile = (name: string) => statePath('logs', `${name}.log`);
  const nodePart = async (
    part: string,
    options: Omit<Parameters<typeof startNodeProcess>[0], 'logFile' | 'onExit'>,
  ): Promise<NodeProcess> => {
    const child = await startNodeProcess({
      ...options,
      logFile: logFile(part),
      onExit: watch(part),
    });
    started.push(child);
    return child;
  };

  try {
    const { DATABASE_URL, TEMPORAL_ADDRESS } = process.env;
    const databaseUrl =
      DATABASE_URL ??
      (await steps.run('PostgreSQL', async (say) => {
        const postgres = await startPostgres({
          dataDir: statePath('postgres'),
          port: await port('PostgreSQL', 5433),
          logFile: logFile('postgres'),
          onProgress: say,
          onExit: watch('PostgreSQL'),
        });
        started.push(postgres);
        const url = postgres.url('tender');
        await ensureDatabase({ url });
        say(`embedded, port ${new URL(url).port}`);
        return url;
      }));
    const temporal = TEMPORAL_ADDRESS
      ? {
          address: TEMPORAL_ADDRESS,
          uiUrl: process.env['TEMPORAL_UI_URL'] ?? 'http://127.0.0.1:8233',
          version: 'external',
        }
      : await startLocalTemporal();
    await steps.run('Migrations', () => migrateDatabase({ url: databaseUrl }));

    const secretKeys = process.env['TENDER_SECRET_KEYS'] ?? localSecretKeys();
    const apiPort = await port('the API', Number(process.env['PORT'] ?? 8080));
    const apiUrl = process.env['TENDER_PUBLIC_URL'] ?? `http://127.0.0.1:${apiPort}`;
    const platformEnv = {
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
      TENDER_SECRET_KEYS: secretKeys,
      TENDER_PUBLIC_URL: apiUrl,
      TENDER_ALLOW_PRIVATE_TARGETS: process.env['TENDER_ALLOW_PRIVATE_TARGETS'] ?? 'true',
      PORT: String(apiPort),
    };
    // What the operator's command needs, so that it works beside a running `npm start`.
    writeState('environment.json', platformEnv);
    const simulatorPorts = {} as Record<ProviderName, number>;
    for (const name of providerNames) {
      const { preferredPort } = simulatorProcesses[name];
      simulatorPorts[name] = await port(`the ${definitions[name].title} simulator`, preferredPort);
    }
    const merchantPort = await port('the demo merchant', 8091);
    await steps.run('Provider simulators, demo merchant, worker and API', async (say) => {
      await Promise.all([
        ...providerNames.map((name) =>
          nodePart(`${name}-simulator`, {
            entry: simulatorProcesses[name].entry,
            env: simulatorEnv(name, {
              port: simulatorPorts[name],
              dataDir: statePath('simulators', name),
              // So that a person who tries it can reconcile what was paid a minute ago.
              sameDayStatements: true,
            }),
          }),
        ),
        nodePart('demo-merchant', {
          entry: 'launcher/demo/merchant.ts',
          env: {
            DEMO_PORT: String(merchantPort),
            DEMO_FOLDER: statePath('demo'),
            DEMO_API_URL: `http://127.0.0.1:${apiPort}`,
          },
        }),
        nodePart('platform', {
          ...platformProcess,
          env: { ...platformProcess.env, ...platformEnv },
        }),
      ]);
      say(`the API at ${apiUrl}`);
    });
    return {
      apiUrl,
      simulatorUrls: urlsOf(simulatorPorts),
      merchantUrl: `http://127.0.0.1:${merchantPort}`,
      temporalUiUrl: temporal.uiUrl,
      temporalNamespace: process.env['TEMPORAL_NAMESPACE'] ?? 'default',
      databaseUrl,
      secretKeys,
      versions: { node: process.versions.node, temporal: temporal.version },
      broken,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }

  async function startLocalTemporal() {
    const binary = await steps.run('Temporal binary', async (say) => {
      const found = await resolveTemporalBinary({
        onProgress: ({ text, doneBytes, totalBytes }) =>
          say(
            totalBytes && doneBytes !== undefined
              ? `${text} ${Math.round((100 * doneBytes) / totalBytes)} %`
              : text,
          ),
      });
      say(`${found.version} from ${found.source}`);
      return found;
    });
    return steps.run('Temporal server with its UI', async (say) => {
      const temporal = await startTemporal({
        binary: binary.path,
        port: await port('Temporal', 7233),
        uiPort: await port('the Temporal UI', 8233),
        dbFile: statePath('temporal.sqlite'),
        logFile: logFile('temporal'),
        searchAttributes: Object.values(searchAttributes).map(({ name }) => name),
        onExit: watch('Temporal'),
      });
      started.push(temporal);
      const uiUrl = temporal.uiUrl ?? '';
      say(uiUrl);
      return { address: temporal.address, uiUrl, version: binary.version };
    });
  }
}
