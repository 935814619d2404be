import { callsLost } from '../model/losses.js';
import type { Loss } from '../model/run-file.js';
import { type Mapping, isMapping } from './run-record.js';

/**
 * The losses in `run.yaml`; a sum without a list, perhaps after an edit by hand, becomes one loss
 * without a place.
 */
export function lossesIn(file: Mapping): Loss[] {
  const listed = Array.isArray(file['losses']) ? file['losses'] : [];
  const losses = listed.flatMap((entry: unknown) => (isMapping(entry) ? [lossIn(entry)] : []));
  const counts = isMapping(file['counts']) ? file['counts'] : {};
  const rest = amountIn(counts['lost']) - callsLost(losses);
  if (rest > 0) losses.push({ epoch: -1, firstRecord: 0, records: rest, calls: rest, file: '' });
  return losses;
}

function lossIn({ epoch, firstRecord, records, calls, atMost, others, file }: Mapping): Loss {
  return {
    epoch: typeof epoch === 'number' ? epoch : -1,
    firstRecord: amountIn(firstRecord),
    records: amountIn(records),
    calls: amountIn(calls),
    ...(atMost === true && { atMost }),
    ...(amountIn(others) > 0 && { others: amountIn(others) }),
    file: typeof file === 'string' ? file : '',
  };
}

const amountIn = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
