/** Something that is started again whenever it ends, as a service manager would. */
export type Supervised = {
  name: string;
  /** How often it was killed by us. */
  kills: number;
  /** SIGKILL, to the process itself and now; false when it is not up at this moment. */
  kill(): boolean;
  stop(): Promise<void>;
};

type Started = { pid: number; stop(): Promise<void> };

/** `start` is called again after every end; `onExit` must be called by what it starts. */
export async function supervise(input: {
  name: string;
  start: (onExit: () => void) => Promise<Started>;
  say: (text: string) => void;
}): Promise<Supervised> {
  let current: Started | undefined;
  let isStopping = false;
  let starting = begin();

  async function begin(): Promise<void> {
    for (let attempt = 1; !isStopping; attempt += 1) {
      try {
        const started = await input.start(() => {
          if (current !== started) return;
          current = undefined;
          starting = begin();
        });
        current = started;
        return;
      } catch (error) {
        // As when Temporal, which it needs, is down as well.
        input.say(`${input.name} did not start (${attempt}): ${String(error).slice(0, 200)}`);
        if (attempt === 10) throw error;
      }
    }
  }

  const supervised: Supervised = {
    name: input.name,
    kills: 0,
    kill() {
      if (!current) return false;
      process.kill(current.pid, 'SIGKILL');
      supervised.kills += 1;
      return true;
    },
    async stop() {
      isStopping = true;
      await starting.catch(() => {});
      await current?.stop();
    },
  };
  await starting;
  return supervised;
}
