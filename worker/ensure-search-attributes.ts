import type { NativeConnection } from '@temporalio/worker';
import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';

// temporal.api.enums.v1.IndexedValueType
const keywordType = 2;

/**
 * Registers the search attributes of orders. On a service that does not allow it (Temporal Cloud) they must exist
 * beforehand; the log message lists them.
 */
export async function ensureSearchAttributes(input: {
  connection: NativeConnection;
  config: Config;
  logger: Logger;
}): Promise<void> {
  const { namespace } = input.config.temporal;
  const { operatorService } = input.connection;
  const required = Object.values(searchAttributes).map(({ name }) => name);
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    const missing = required.filter((name) => !(name in (customAttributes ?? {})));
    if (missing.length === 0) return;
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keywordType])),
    });
  } catch (error) {
    input.logger.warn(
      { error: String(error), namespace },
      `could not register search attributes; create these Keywords by hand if orders fail to start: ${required.join(', ')}`,
    );
  }
}
