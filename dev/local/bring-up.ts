import { ensureDatabase } from '../services/ensure-database.ts';
import { startNodeProcess } from '../services/child.ts';
import type { NodeProcess } from '../services/child.ts';
import { platformProcess } from '../services/platform-process.ts';
import { providerNames, simulatorEnv, simulatorProcesses } from '../services/simulators.ts';
import { startPostgres } from '../services/postgres.ts';
import { resolveTemporalBinary } from '../services/temporal-binary.ts';
import { startTemporal } from '../services/temporal.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { definitions } from '../../providers/registry.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { openStoredPorts } from './stored-ports.ts';
import { localSecretKeys, statePath, writeState } from '../../config/local-state.ts';
import type { Steps } from './steps.ts';

/** The addresses of all services, and the keys to their data. */
export type Addresses = {
  apiUrl: string;
  simulatorUrls: Record<ProviderName, string>;
  merchantUrl: string;
  databaseUrl: string;
  secretKeys: string;
};

/** The running services. */
export type Local = Addresses & {
  temporalUiUrl: string;
  temporalNamespace: string;
  versions: Record<string, string>;
  /** Rejects with the name of a service that ends without having been stopped. */
  broken: Promise<never>;
  stop(): Promise<void>;
};

const urlOf = (port: number) => `http://127.0.0.1:${port}`;

function valueOf<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

type Stoppable = { stop(): Promise<void> };

/**
 * Starts every service whose address is not in the environment. If one fails, the started ones are stopped.
 * `onAddresses` runs when all services but the platform listen, before the platform starts, because workflows that it
 * resumes from the last start call these addresses.
 */
export async function bringUp({
  steps,
  onAddresses,
}: {
  steps: Steps;
  onAddresses: (addresses: Addresses) => Promise<void>;
}): Promise<Local> {
  const storedPorts = openStoredPorts({ steps });
  const started: Stoppable[] = [];
  const stop = async () => {
    for (const part of started.splice(0).toReversed()) await part.stop();
  };
  const breaking = new AbortController();
  const broken = new Promise<never>((_, reject) => {
    breaking.signal.addEventListener('abort', () => reject(breaking.signal.reason as Error));
  });
  // The caller awaits it later; until then the rejection needs a handler.
  broken.catch(() => {});
  const watch = (part: string) => (exit: { code: number; logTail: string }) => {
    const detail = `${part} ended with ${exit.code}. The end of its log, ${statePath('logs')}:\n${exit.logTail}`;
    breaking.abort(new Error(detail));
  };
  const logFile = (name: string) => statePath('logs', `${name}.log`);
  const startPart = async (
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
      (await steps.run('PostgreSQL', async (show) => {
        const { started: postgres } = await storedPorts.start({
          wanted: { postgres: { what: 'PostgreSQL', preferred: 5433 } },
          start: (ports) =>
            startPostgres({
              dataDir: statePath('postgres'),
              port: ports.postgres,
              logFile: logFile('postgres'),
              onProgress: show,
              onExit: watch('PostgreSQL'),
            }),
        });
        started.push(postgres);
        const url = postgres.url('tender');
        await ensureDatabase({ url });
        show(`embedded, port ${new URL(url).port}`);
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
    const requestedPort = process.env['PORT'] ? Number(process.env['PORT']) : undefined;
    const apiOf = (port: number) => process.env['TENDER_PUBLIC_URL'] ?? urlOf(port);
    const { simulatorUrls, merchantUrl } = await steps.run(
      'Provider simulators and demo merchant',
      startSimulatorsAndMerchant,
    );
    const { started: apiUrl } = await steps.run('Worker and API', async (show) => {
      const result = await storedPorts.start({
        wanted: {
          api: {
            what: 'the API',
            requested: requestedPort,
            preferred: requestedPort ?? 8080,
          },
        },
        start: async ({ api: port }) => {
          const apiUrl = apiOf(port);
          const platformEnv = {
            DATABASE_URL: databaseUrl,
            TEMPORAL_ADDRESS: temporal.address,
            TENDER_SECRET_KEYS: secretKeys,
            TENDER_PUBLIC_URL: apiUrl,
            TENDER_ALLOW_PRIVATE_TARGETS: process.env['TENDER_ALLOW_PRIVATE_TARGETS'] ?? 'true',
            PORT: String(port),
          };
          // The `tender` command reads this file to reach a running `npm start`.
          writeState('environment.json', platformEnv);
          await onAddresses({ apiUrl, simulatorUrls, merchantUrl, databaseUrl, secretKeys });
          await startPart('platform', {
            ...platformProcess,
            env: { ...platformProcess.env, ...platformEnv },
          });
          return apiUrl;
        },
      });
      show(`the API at ${result.started}`);
      return result;
    });
    return {
      apiUrl,
      simulatorUrls,
      merchantUrl,
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

  /** Starts the services that the platform calls, each in its own process. */
  async function startSimulatorsAndMerchant() {
    const simulators = providerNames.map(async (name) => {
      const { entry, preferredPort } = simulatorProcesses[name];
      const { ports } = await storedPorts.start({
        wanted: {
          [name]: { what: `the ${definitions[name].title} simulator`, preferred: preferredPort },
        },
        start: (ports) =>
          startPart(`${name}-simulator`, {
            entry,
            env: simulatorEnv(name, {
              port: ports[name] ?? 0,
              dataDir: statePath('simulators', name),
              // Allows reconciling payments of the same day.
              sameDayStatements: true,
            }),
          }),
      });
      return [name, urlOf(ports[name] ?? 0)] as const;
    });
    const merchant = storedPorts.start({
      wanted: { demoMerchant: { what: 'the demo merchant', preferred: 8091 } },
      start: (ports) =>
        startPart('demo-merchant', {
          entry: 'dev/demo/merchant.ts',
          env: { DEMO_PORT: String(ports.demoMerchant), DEMO_FOLDER: statePath('demo') },
        }),
    });
    // Waits for all, so that the started ones are stopped if another fails.
    const [merchantStart, ...simulatorStarts] = await Promise.allSettled([merchant, ...simulators]);
    return {
      merchantUrl: urlOf(valueOf(merchantStart).ports.demoMerchant),
      simulatorUrls: Object.fromEntries(simulatorStarts.map(valueOf)) as Record<
        ProviderName,
        string
      >,
    };
  }

  async function startLocalTemporal() {
    const binary = await steps.run('Temporal binary', async (show) => {
      const found = await resolveTemporalBinary({
        onProgress: ({ text, doneBytes, totalBytes }) =>
          show(
            totalBytes && doneBytes !== undefined
              ? `${text} ${Math.round((100 * doneBytes) / totalBytes)} %`
              : text,
          ),
      });
      show(`${found.version} from ${found.source}`);
      return found;
    });
    return steps.run('Temporal server with its UI', async (show) => {
      const { started: temporal } = await storedPorts.start({
        wanted: {
          temporal: { what: 'Temporal', preferred: 7233 },
          temporalUi: { what: 'the Temporal UI', preferred: 8233 },
        },
        start: (ports) =>
          startTemporal({
            binary: binary.path,
            port: ports.temporal,
            uiPort: ports.temporalUi,
            dbFile: statePath('temporal.sqlite'),
            logFile: logFile('temporal'),
            searchAttributes: Object.values(searchAttributes).map(({ name }) => name),
            onExit: watch('Temporal'),
          }),
      });
      started.push(temporal);
      const uiUrl = temporal.uiUrl ?? '';
      show(uiUrl);
      return { address: temporal.address, uiUrl, version: binary.version };
    });
  }
}
