import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect } from 'amqplib';
import { assertPortFree } from '../../dev/services/ports.ts';
import {
  heldBroker,
  isBrokerThere,
  pickThreePorts,
  isListening,
  startBrokerProcess,
} from './broker-process.ts';
import { findProgram } from './find-program.ts';
import type { BrokerProcess } from './broker-process.ts';

export type RabbitmqBroker = {
  /** amqp://… with name and password in it. */
  url: string;
  username: string;
  password: string;
  port: number;
  /** Its configuration, data and log. */
  folder: string;
  /** Holds its processes: connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
  /** Down and up again in an orderly way: the same port, and what was durable is still there. */
  restart(): Promise<void>;
  /** Leaves neither a process nor a file behind. */
  stop(): Promise<void>;
};

type Ports = { port: number; nodePort: number; mapperPort: number };

const username = 'tender';
const password = 'test-password';

// Debian's command on the PATH changes to the user and the folders of the machine's own broker.
const findServer = () => findProgram(['/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server']);
const findPortMapper = () => findProgram(['epmd', '/usr/lib/erlang/bin/epmd']);

/** Whether tests with RabbitMQ are to run on this machine; says what to install where they are not. */
export function hasRabbitmq(): boolean {
  const isThere = findServer() !== undefined && findPortMapper() !== undefined;
  return isBrokerThere({ broker: 'RabbitMQ', missing: isThere ? [] : ['rabbitmq-server'] });
}

/** Starts a real RabbitMQ of the test's own on free ports, whatever else runs on the machine. */
export async function startRabbitmq(): Promise<RabbitmqBroker> {
  const server = findServer();
  const portMapper = findPortMapper();
  if (server === undefined || portMapper === undefined)
    throw new Error('no RabbitMQ here: apt-get install rabbitmq-server');
  const folder = await mkdtemp(join(tmpdir(), 'tender-rabbitmq-'));
  const ports = await pickPorts();
  const { port, mapperPort } = ports;
  const url = `amqp://${username}:${password}@127.0.0.1:${port}`;
  const env = environment({ folder, ...ports });
  let mapper: BrokerProcess | undefined;
  let broker: BrokerProcess;
  const start = async () => {
    await assertPortFree(port);
    return startBrokerProcess({
      command: join(folder, 'home/sbin/rabbitmq-server'),
      args: [],
      logFile: join(folder, 'server.log'),
      env,
      stopSignal: 'SIGTERM',
      answers: () => takesConnections(url),
    });
  };
  const clean = async () => {
    await mapper?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeFile(join(folder, 'rabbitmq.conf'), settings(port));
    await writeFile(join(folder, 'enabled_plugins'), '[].\n');
    await linkWithoutPlugins({ server, home: join(folder, 'home') });
    // An Erlang node needs a port mapper. One that it starts by itself would stay behind as a daemon.
    mapper = await startBrokerProcess({
      command: portMapper,
      args: ['-port', String(mapperPort)],
      logFile: join(folder, 'epmd.log'),
      env,
      stopSignal: 'SIGTERM',
      answers: () => isListening(mapperPort),
    });
    broker = await start();
  } catch (error) {
    await clean();
    throw error;
  }
  return {
    url,
    username,
    password,
    port,
    folder,
    ...heldBroker({ started: broker, start, clean }),
  };
}

async function pickPorts(): Promise<Ports> {
  const [port, nodePort, mapperPort] = await pickThreePorts();
  return { port, nodePort, mapperPort };
}

/**
 * Every start loads the code of all plugins that lie beside the server, switched on or not. A home
 * with links to the rest of it has the server up in nearly half the time.
 */
async function linkWithoutPlugins(input: { server: string; home: string }): Promise<void> {
  const { server, home } = input;
  const scripts = dirname(await realpath(server));
  const plugins = join(scripts, '../plugins');
  await mkdir(join(home, 'plugins'), { recursive: true });
  // Copies: the scripts look for the plugins from where they really lie.
  await cp(scripts, join(home, 'sbin'), { recursive: true });
  for (const name of await readdir(plugins)) {
    if (name.startsWith('rabbitmq_') && !name.startsWith('rabbitmq_prelaunch-')) continue;
    await symlink(join(plugins, name), join(home, 'plugins', name));
  }
}

function environment(input: Ports & { folder: string }): NodeJS.ProcessEnv {
  const { folder, nodePort, mapperPort } = input;
  const inherited = Object.entries(process.env).filter(([name]) => !/^(RABBITMQ|ERL)_/.test(name));
  return {
    ...Object.fromEntries(inherited),
    // For Erlang's cookie.
    HOME: folder,
    RABBITMQ_NODENAME: 'tender@localhost',
    RABBITMQ_DIST_PORT: String(nodePort),
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    // None: otherwise the machine's own, in /etc, would be read.
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
  };
}

function settings(port: number): string {
  return `
listeners.tcp.1 = 127.0.0.1:${port}
default_user = ${username}
default_pass = ${password}
disk_free_limit.absolute = 10MB
log.file = false
log.console = true
log.console.level = warning
`;
}

async function takesConnections(url: string): Promise<boolean> {
  try {
    await (await connect(url, { timeout: 5_000 })).close();
    return true;
  } catch {
    return false;
  }
}
