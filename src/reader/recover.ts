import { flag } from '../model/option-rules.js';
import { type AlertSettings, alertsRule, webhookFor } from '../model/webhook.js';
import { optionsTable } from '../model/options-table.js';
import type { FsPort } from '../storage/fs-port.js';
import { watchOwner } from '../storage/owner-watch.js';
import { recoverRun, type Recovery } from '../writer/recovery/recover-run.js';

/** Options of a recovery. */
export interface RecoverOptions {
  /**
   * True to also close a run whose owner is on another host, if that owner is silent while it is
   * watched for 15 seconds; one that still beats is `RUN_LOCKED`. Default false.
   */
  readonly force?: boolean | undefined;
  /**
   * The webhook for alerts that the run's owner has left unsent, by default the one in the
   * environment variable `EXPMAN_WEBHOOK`; `false` sends none. Alerts that were not raised in this
   * folder, by a process with this webhook, are never sent.
   */
  readonly alerts?: false | AlertSettings | undefined;
}

const OPTIONS = optionsTable<RecoverOptions>()({
  force: flag().byDefault(false),
  alerts: alertsRule().byDefault({ allowPrivate: false }),
});

/** Recovers a run by the options of a caller. @throws {@link ExpmanError} `INVALID_OPTION`, and as {@link recoverRun} */
export async function recoverBy(fs: FsPort, runDir: string, options: RecoverOptions): Promise<Recovery> {
  const { force, alerts } = OPTIONS.resolve(options);
  const webhook = webhookFor(alerts);
  return recoverRun(fs, runDir, force ? await watchOwner(fs, runDir) : undefined, webhook);
}
