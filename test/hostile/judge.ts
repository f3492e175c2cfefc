import { channels } from './healthy.ts';
import type { HealthyFigures } from './healthy.ts';
import type { WorldCounts } from './world.ts';

export type ProcessFigures = {
  name: string;
  pid: number;
  /** The code it ended with, though nobody had asked it to. */
  ended: number | null;
  longestStallMs: number;
  longestStallAt: string;
  rssMbBefore: number;
  rssMbAfter: number;
  /** What the main thread's heap holds, buffers included, once it was collected. */
  heapMbBefore: number;
  heapMbAfter: number;
  socketsBefore: number;
  socketsAfter: number;
  uncaughtSurvived: number;
  logFile: string;
};

export const bounds = {
  /** In CPU time of the main thread. */
  stallMs: 250,
  /** What the main thread's heap holds once it was collected: where something is never let go, it shows here. */
  moreHeapMb: 60,
  /** What the allocator keeps of what was freed, and the heaps of the threads of brokers and schemas. */
  moreRssMb: 400,
  /** Kept-alive connections, the database's. */
  moreSockets: 40,
};

/** Each broken line of the promise: what, how much, where to look. */
export function judge(input: {
  healthy: HealthyFigures;
  hostile: WorldCounts;
  processes: readonly ProcessFigures[];
  lateMs: number;
}): string[] {
  return [...ofHealthy(input), ...ofHostile(input.hostile), ...input.processes.flatMap(ofProcess)];
}

function ofHealthy({ healthy, lateMs }: { healthy: HealthyFigures; lateMs: number }): string[] {
  const { published, publish, orders, wronglySigned, refusals, feedsAgree } = healthy;
  const late = (what: string, { late, maxMs }: { late: number; maxMs: number }) =>
    late > 0 ? [`healthy: ${late} ${what} took more than ${lateMs} ms, at most ${maxMs} ms`] : [];
  return [
    ...(published === 0 ? ['healthy: nothing was published'] : []),
    ...(orders.paid === 0 ? ['healthy: no order was paid'] : []),
    ...channels.flatMap((channel) => {
      const { lost } = healthy.channels[channel];
      const text = `healthy: ${lost} of ${published} events never arrived by ${channel}`;
      return [
        ...(lost > 0 ? [text] : []),
        ...late(`events by ${channel}`, healthy.channels[channel]),
      ];
    }),
    ...late('answers to POST /v1/events', publish),
    ...late('orders opened', orders.opening),
    ...late('orders from payment to event', orders.paying),
    ...(wronglySigned > 0 ? [`healthy: ${wronglySigned} deliveries were not signed rightly`] : []),
    ...(feedsAgree ? [] : ['healthy: long poll, stream and the feed itself do not agree']),
    ...refusals.slice(0, 3).map((refusal) => `healthy: one of ${refusals.length}: ${refusal}`),
  ];
}

function ofHostile({ asked, faults }: WorldCounts): string[] {
  return Object.entries(faults).map(([fault, sample]) => {
    const [kind = '', status = ''] = fault.split(': ');
    return `hostile: ${asked[kind]?.[status]} of ${kind} were answered ${status}, such as ${sample}`;
  });
}

function ofProcess(one: ProcessFigures): string[] {
  const look = `(${one.logFile})`;
  const moreRssMb = one.rssMbAfter - one.rssMbBefore;
  const moreHeapMb = one.heapMbAfter - one.heapMbBefore;
  const moreSockets = one.socketsAfter - one.socketsBefore;
  return [
    ...(one.ended === null ? [] : [`${one.name}: ended with ${one.ended} ${look}`]),
    ...(one.longestStallMs < bounds.stallMs
      ? []
      : [
          `${one.name}: the event loop was held for ${one.longestStallMs} ms of CPU at ${one.longestStallAt} ${look}`,
        ]),
    ...(moreRssMb <= bounds.moreRssMb
      ? []
      : [`${one.name}: memory is ${moreRssMb} MB above the beginning's ${one.rssMbBefore} MB`]),
    ...(moreHeapMb <= bounds.moreHeapMb
      ? []
      : [`${one.name}: the heap is ${moreHeapMb} MB above the beginning's ${one.heapMbBefore} MB`]),
    ...(moreSockets <= bounds.moreSockets
      ? []
      : [
          `${one.name}: ${moreSockets} more sockets are open than the beginning's ${one.socketsBefore}`,
        ]),
    ...(one.uncaughtSurvived > 0
      ? [
          `${one.name}: ${one.uncaughtSurvived} errors that nobody caught were lived through ${look}`,
        ]
      : []),
  ];
}
