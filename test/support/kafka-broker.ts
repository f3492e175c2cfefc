import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { assertPortFree } from '../../dev/services/ports.ts';
import { heldBroker, isBrokerThere, pickThreePorts, startBrokerProcess } from './broker-process.ts';
import { findProgram } from './find-program.ts';
import type { BrokerProcess } from './broker-process.ts';
import { fetchKafkaJars, hasKafkaJars } from './kafka/jars.ts';

export type KafkaBroker = {
  /** host:port, no password asked. */
  broker: string;
  /** The same broker behind SASL/PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. */
  sasl: { broker: string; username: string; password: string };
  /** Its configuration, data and log. */
  folder: string;
  /** Holds its process: connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
  /** Down and up again in an orderly way: the same ports, and what was acknowledged is still there. */
  restart(): Promise<void>;
  /** Leaves neither a process nor a file behind. */
  stop(): Promise<void>;
};

type Ports = { port: number; saslPort: number; controllerPort: number };

const run = promisify(execFile);
const username = 'tender';
const password = 'test-password';
const scramMechanisms = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
/** Kafka wants a UUID of its own kind; which one, matters to nobody. */
const clusterId = 'VGVuZGVyVGVzdEthZmthMQ';
// Small and quickly up: how fast it is later does not matter.
const javaOptions = [
  '-Xmx320m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];

const findJava = () => findProgram(['java']);
const findMaven = () => findProgram(['mvn']);

/** Whether tests with Kafka are to run on this machine; says what to install where they are not. */
export function hasKafka(): boolean {
  const missing = [
    ...(findJava() === undefined ? ['default-jre-headless'] : []),
    ...(findMaven() === undefined && !hasKafkaJars() ? ['maven'] : []),
  ];
  return isBrokerThere({ broker: 'Kafka', missing });
}

/** Starts a real Apache Kafka of the test's own, one node without ZooKeeper; topics come with their first use. */
export async function startKafka({
  partitions = 1,
}: { partitions?: number } = {}): Promise<KafkaBroker> {
  const java = findJava();
  if (java === undefined) throw new Error('no Java here: apt-get install default-jre-headless');
  const jars = await fetchKafkaJars(findMaven());
  const folder = await mkdtemp(join(tmpdir(), 'tender-kafka-'));
  const ports = await pickPorts();
  const { port, saslPort } = ports;
  const properties = join(folder, 'server.properties');
  const command = [...javaOptions, '-cp', join(jars, '*')];
  const start = async () => {
    for (const one of Object.values(ports)) await assertPortFree(one);
    return startBrokerProcess({
      command: java,
      args: [...command, 'kafka.Kafka', properties],
      logFile: join(folder, 'server.log'),
      stopSignal: 'SIGTERM',
      answers: () => hasLeader(`127.0.0.1:${port}`),
    });
  };
  const clean = () => rm(folder, { recursive: true, force: true });
  let broker: BrokerProcess;
  try {
    await writeFile(
      properties,
      settings({ ...ports, partitions, dataFolder: join(folder, 'data') }),
    );
    await run(java, [...command, ...formatArgs(properties)]);
    broker = await start();
  } catch (error) {
    await clean();
    throw error;
  }
  return {
    broker: `127.0.0.1:${port}`,
    sasl: { broker: `127.0.0.1:${saslPort}`, username, password },
    folder,
    ...heldBroker({ started: broker, start, clean }),
  };
}

async function pickPorts(): Promise<Ports> {
  const [port, saslPort, controllerPort] = await pickThreePorts();
  return { port, saslPort, controllerPort };
}

function formatArgs(properties: string): string[] {
  const scramArgs = scramMechanisms.flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ]);
  return [
    'kafka.tools.StorageTool',
    'format',
    '--cluster-id',
    clusterId,
    '--config',
    properties,
    ...scramArgs,
  ];
}

function settings(input: Ports & { partitions: number; dataFolder: string }): string {
  const { port, saslPort, controllerPort, partitions, dataFolder } = input;
  const modules = 'org.apache.kafka.common.security';
  const account = `username="${username}" password="${password}"`;
  return `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
inter.broker.listener.name=OPEN
listeners=OPEN://127.0.0.1:${port},SASL://127.0.0.1:${saslPort},CONTROLLER://127.0.0.1:${controllerPort}
listener.security.protocol.map=OPEN:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
listener.name.sasl.sasl.enabled.mechanisms=PLAIN,${scramMechanisms.join(',')}
listener.name.sasl.plain.sasl.jaas.config=${modules}.plain.PlainLoginModule required ${account} user_${username}="${password}";
listener.name.sasl.scram-sha-256.sasl.jaas.config=${modules}.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config=${modules}.scram.ScramLoginModule required;
log.dirs=${dataFolder}
num.partitions=${partitions}
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`;
}

/** A node that listens may still be waiting for its controller: it serves when it names itself. */
async function hasLeader(broker: string): Promise<boolean> {
  const admin = new Kafka({
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect();
  }
}
