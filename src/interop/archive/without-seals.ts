import { type Mapping, isMapping } from '../../run/run-record.js';

/**
 * Takes the seals off the alerts in a run.yaml, which no longer hold: nothing sends what was
 * unarchived. Returns the same object if no alert has a seal.
 */
export function withoutSeals(file: Mapping): Mapping {
  const { alerts } = file;
  if (!isMapping(alerts) || !Object.values(alerts).some((alert) => isMapping(alert) && 'seal' in alert))
    return file;
  const unsealed = Object.entries(alerts).map(([id, alert]) => {
    if (!isMapping(alert)) return [id, alert] as const;
    return [id, Object.fromEntries(Object.entries(alert).filter(([key]) => key !== 'seal'))] as const;
  });
  return { ...file, alerts: Object.fromEntries(unsealed) };
}
