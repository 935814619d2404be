import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ExpmanError } from '../../model/errors.js';
import { printable } from '../../model/printable.js';
import { claimKey, controlKey, endedKey, leaseKey } from './queue-keys.js';
import { type ControlMessage, readClaim, toWire } from './queue-messages.js';
import type { RedisLink } from './redis.js';

/** How long a study counts as alive after it was last heard of. */
const LEASE_MS = 15_000;
const RENEW_MS = 5000;
/** How long workers can still read that the sweep has ended. */
const END_SECONDS = 3600;

// Refused while another sweep of the name is alive. The same sweep may be claimed again: its folder
// is locked by the caller, so the study that claimed it before is gone.
const CLAIM = `
  local held = redis.call('GET', KEYS[1])
  if held and redis.call('EXISTS', KEYS[2]) == 1 then
    local isRead, claim = pcall(cjson.decode, held)
    if not isRead or claim.uuid ~= ARGV[3] then return held end
  end
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
  redis.call('DEL', KEYS[3])
  return false`;
// Also after Redis has lost it; never if it is another's by now.
const RENEW = `
  local held = redis.call('GET', KEYS[1])
  if held and held ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
  return 1`;
const RELEASE = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('XADD', KEYS[3], '*', 'm', ARGV[2])
  redis.call('EXPIRE', KEYS[3], ARGV[3])
  redis.call('SET', KEYS[4], '1', 'EX', ARGV[3])
  return 1`;

/** The claim of a study to the name of its sweep, by which workers find it. */
export class SweepClaim {
  private readonly session = randomUUID();
  private readonly text: string;
  private renewing: NodeJS.Timeout | undefined;

  private constructor(
    private readonly link: RedisLink,
    private readonly name: string,
    private readonly uuid: string,
  ) {
    this.text = toWire({ uuid, session: this.session, host: hostname(), pid: process.pid });
  }

  /**
   * Claims the name of a sweep.
   *
   * @param onLost - called with `FENCED` once another study has claimed the name
   * @throws {@link ExpmanError} `RUN_LOCKED` if another sweep of this name is alive
   */
  static async take(
    link: RedisLink,
    { name, uuid }: { readonly name: string; readonly uuid: string },
    onLost: (error: ExpmanError) => void,
  ): Promise<SweepClaim> {
    const claim = new SweepClaim(link, name, uuid);
    const { text, session } = claim;
    const held: unknown = await link.client.eval(
      CLAIM,
      3,
      ...[...claim.keys, endedKey(name)],
      ...[text, session, uuid, String(LEASE_MS)],
    );
    if (typeof held === 'string') {
      const owner = readClaim(held);
      const who = owner === null ? '' : ` (process ${owner.pid} on ${printable(owner.host)})`;
      throw new ExpmanError(
        'RUN_LOCKED',
        `another sweep named ${name} is running at ${link.address.shown}${who}; choose another name, or stop that one`,
      );
    }
    claim.renewing = setInterval(() => void claim.renew(onLost), RENEW_MS).unref();
    return claim;
  }

  /** Gives the name back, and tells all workers that the sweep has ended. */
  async release(): Promise<void> {
    clearInterval(this.renewing);
    const end = toWire({ kind: 'end', session: this.session } satisfies ControlMessage);
    const keys = [...this.keys, controlKey(this.uuid), endedKey(this.name)];
    await this.link.client.eval(RELEASE, 4, ...keys, ...[this.text, end, String(END_SECONDS)]);
  }

  /** Leaves it as it is, to expire. */
  abandon(): void {
    clearInterval(this.renewing);
  }

  private get keys(): [string, string] {
    return [claimKey(this.name), leaseKey(this.name)];
  }

  private async renew(onLost: (error: ExpmanError) => void): Promise<void> {
    const { link, text, session } = this;
    try {
      const isOurs = await link.client.eval(RENEW, 2, ...this.keys, ...[text, session, String(LEASE_MS)]);
      if (isOurs === 1) return;
    } catch {
      // The link reports it; the next time may be better.
      return;
    }
    clearInterval(this.renewing);
    onLost(
      new ExpmanError(
        'FENCED',
        `another study has taken over the sweep ${this.name} at ${link.address.shown}; this one offers no more trials`,
      ),
    );
  }
}
