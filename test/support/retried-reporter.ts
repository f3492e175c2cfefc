import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Says at the end of a run which tests needed another try: a race that is lost once in a while is a fault too. */
export default class RetriedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const retried = modules.flatMap((module) => [...module.children.allTests()].filter(isRetried));
    const lines = retried.flatMap((test) => [
      `  ${test.module.relativeModuleId} > ${test.fullName}`,
      ...whyOf(test),
    ]);
    process.stdout.write(
      `${[`${retried.length} tests needed their retry${lines.length > 0 ? ':' : ''}`, ...lines].join('\n')}\n`,
    );
  }
}

const mostCharacters = 2_000;

/** How the first try failed, indented. */
function whyOf(test: TestCase): string[] {
  const [first] = test.result().errors ?? [];
  const text = [first?.message, first?.diff].filter(Boolean).join('\n').slice(0, mostCharacters);
  return text.split('\n').map((line) => `    ${line}`);
}

const isRetried = (test: TestCase): boolean => (test.diagnostic()?.retryCount ?? 0) > 0;
