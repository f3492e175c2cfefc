export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * One local activity at a time: replayed, the answers of several at once come in another order, and
 * the history no longer fits (temporalio/sdk-python#1578).
 */
export function oneAtATime(): InTurn {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = turn.then(work, work);
    turn = mine;
    return mine;
  };
}
