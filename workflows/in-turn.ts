export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Runs one local activity at a time: concurrent ones may complete in another order on replay, and then the history does
 * not match (temporalio/sdk-python#1578).
 */
export function oneAtATime(): InTurn {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = turn.then(work, work);
    turn = mine;
    return mine;
  };
}
