import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Says at the end of a run which tests needed another try: a race that is lost once in a while is a fault too. */
export default class RetriedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const retried = modules.flatMap((module) => [...module.children.allTests()].filter(isRetried));
    const lines = retried.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}`);
    process.stdout.write(
      `${[`${retried.length} tests needed their retry${lines.length > 0 ? ':' : ''}`, ...lines].join('\n')}\n`,
    );
  }
}

const isRetried = (test: TestCase): boolean => (test.diagnostic()?.retryCount ?? 0) > 0;
