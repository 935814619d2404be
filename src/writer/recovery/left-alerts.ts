import { join } from 'node:path';
import { type StoredAlert, storedAlertsIn } from '../../model/alerts.js';
import { mergeParams } from '../../model/params.js';
import type { Webhook } from '../../model/webhook.js';
import { AlertOutbox, type DeliveryPorts } from '../../run/alerts/alert-outbox.js';
import { AlertSealer } from '../../run/alerts/alert-seal.js';
import { RUN_NAME } from '../../run/file-names.js';
import { nextEpoch, readIdentity } from '../../run/identity.js';
import { lastSignMs } from '../../run/last-sign.js';
import { lastedMs } from '../../run/lasted-ms.js';
import { loadState } from '../../run/load-state.js';
import { factsIn } from '../../run/replay/restore-state.js';
import { isMapping, readMapping } from '../../run/run-record.js';
import { replaceFile } from '../../storage/atomic-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { OwnerWatch, mustHaveEndedHere } from '../../storage/owner-watch.js';
import { releaseLock, takeLock } from '../../storage/run-lock.js';
import { stringifyYaml } from '../../storage/yaml-file.js';

/** The longest that the unsent alerts of one run are tried to be sent. */
const PATIENCE_MS = 60_000;

/** The outcome of sending the alerts that a run has left unsent. */
export interface LeftAlerts {
  readonly sent: number;
  /** Those that were not raised in this folder, or with another webhook: they are never sent. */
  readonly unproven: number;
  /** The reason why others were not sent; null if all were sent. */
  readonly failure: string | null;
}

/**
 * Sends the alerts that a run without a living owner has left unsent, and records in its run.yaml
 * which were. The run stays as it is otherwise; what its log holds is recovered by the process that
 * comes next.
 *
 * The lock is taken only to record it: another owner may send one again, but is never kept waiting.
 *
 * @throws {@link ExpmanError} `RUN_LOCKED` if its owner is or may be alive, `CORRUPT`, `IO`
 */
export async function sendLeftAlerts(
  fs: FsPort,
  folder: string,
  webhook: Webhook,
  ports: DeliveryPorts = {},
): Promise<LeftAlerts> {
  mustHaveEndedHere(folder, new OwnerWatch(fs, folder).look());
  const { identity, file } = readIdentity(fs, folder);
  const { experiment, run, uuid } = identity;
  const { state } = loadState(fs, folder, uuid, -1);
  const unsent = storedAlertsIn(mergeParams(factsIn(file), state.facts)).filter(
    ({ delivery }) => delivery === 'unsent',
  );
  const sealer = new AlertSealer(fs, folder, uuid, webhook);
  const genuine = unsent.filter((alert) => sealer.isGenuine(alert));
  const sent: StoredAlert[] = [];
  let failure: string | null = null;
  const outbox = new AlertOutbox({
    webhook,
    run: { experiment, run, uuid },
    onSent: (alert) => sent.push(alert),
    onFailed: (_alert, reason) => (failure = reason),
    ...ports,
  });
  outbox.send(genuine);
  await outbox.settle(PATIENCE_MS);
  if (sent.length > 0) markSent(fs, folder, sent);
  return { sent: sent.length, unproven: unsent.length - genuine.length, failure };
}

function markSent(fs: FsPort, folder: string, sent: readonly StoredAlert[]): void {
  const known = readIdentity(fs, folder);
  const watch = new OwnerWatch(fs, folder);
  mustHaveEndedHere(folder, watch.look());
  // The lock of a dead owner holds the duration of the run; afterwards run.yaml has to.
  const lasted = lastedMs(fs, folder, known, () => lastSignMs(fs, folder, known.identity.uuid));
  const owner = takeLock(fs, folder, nextEpoch(fs, folder, known), { lastedMs: lasted, ends: true, watch });
  try {
    const file = readMapping(fs, folder, RUN_NAME) ?? {};
    const before = isMapping(file['alerts']) ? file['alerts'] : {};
    const sentAt = new Date().toISOString();
    const marks = sent.map(({ id }) => {
      const alert = before[id];
      return [id, { ...(isMapping(alert) && alert), sentAt }] as const;
    });
    const amended = { ...file, durationMs: lasted, alerts: { ...before, ...Object.fromEntries(marks) } };
    replaceFile(fs, join(folder, RUN_NAME), Buffer.from(stringifyYaml(amended)));
  } finally {
    releaseLock(fs, folder, owner);
  }
}
