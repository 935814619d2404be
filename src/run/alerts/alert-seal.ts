import { createHmac, scryptSync, timingSafeEqual } from 'node:crypto';
import type { StoredAlert } from '../../model/alerts.js';
import type { Webhook } from '../../model/webhook.js';
import type { FsPort } from '../../storage/fs-port.js';

const SALT = 'expman-rx alert seal 1';
/** The cost of a guess at the address of a webhook: 16 MB, and some 40 ms. */
const COST = { N: 16_384, r: 8, p: 1 };

const keys = new Map<string, Buffer>();

/** What a seal is for: the parts of an alert that do not change. */
export type Sealed = Pick<StoredAlert, 'id' | 'at' | 'level' | 'title' | 'text'>;

/**
 * Seals alerts, which proves to a later owner of the run that it may send them.
 *
 * A process that sends what an earlier one left unsent reads that from a folder, and a folder may
 * come from anywhere: an archive, a bucket, a colleague, an enemy. So an alert carries a code that
 * only a process that had the webhook can make, as its key is derived from the webhook's address:
 * who can make one could post there anyway. And the code binds the alert to its run, and to the
 * very folder in which it was raised, by inode and time of birth, which no copy and no archive can
 * restore: what was imported, unarchived, pulled or copied can send nothing, even if it was raised
 * on this machine. The address cannot be found from a code except by guessing it whole, and a guess
 * is dear.
 */
export class AlertSealer {
  private place: string | undefined;

  constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
    private readonly uuid: string,
    private readonly webhook: Webhook,
  ) {}

  /**
   * Returns the seal of an alert; empty if the folder cannot be looked at. The first seal of a
   * process for a webhook takes some 40 ms.
   */
  seal({ id, at, level, title, text }: Sealed): string {
    this.place ??= placeOf(this.fs, this.folder);
    if (this.place === '') return '';
    const said = JSON.stringify([this.place, this.uuid, id, at, level, title, text]);
    return createHmac('sha256', keyOf(this.webhook)).update(said).digest('hex');
  }

  /** Tells if an alert was raised in this folder, by a process with this webhook. */
  isGenuine(alert: Sealed & Pick<StoredAlert, 'seal'>): boolean {
    const [given, own] = [alert.seal, this.seal(alert)].map((seal) => Buffer.from(seal));
    return own!.length > 0 && given!.length === own!.length && timingSafeEqual(given!, own!);
  }
}

function placeOf(fs: FsPort, folder: string): string {
  try {
    const facts = fs.stat(folder);
    return facts?.kind === 'folder' ? `${facts.inode} ${facts.bornMs}` : '';
  } catch {
    return '';
  }
}

function keyOf({ url }: Webhook): Buffer {
  let key = keys.get(url);
  if (key === undefined) keys.set(url, (key = scryptSync(url, SALT, 32, COST)));
  return key;
}
