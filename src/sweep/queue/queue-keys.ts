// The keys of a sweep in Redis, beside those of its BullMQ queue. What they hold is in queue-messages.ts.

/** The prefix of all keys, those of BullMQ included. */
export const PREFIX = 'expman';

/** Who runs the sweep of a name: a {@link SweepClaim}. Stays when the study is killed. */
export const claimKey = (name: string): string => `${PREFIX}:sweep:${name}`;
/** The session of the study that runs the sweep; expires unless it is renewed. */
export const leaseKey = (name: string): string => `${PREFIX}:sweep:${name}:live`;
/** There for a while after the sweep of a name has ended. */
export const endedKey = (name: string): string => `${PREFIX}:sweep:${name}:ended`;
/** A stream from workers to the study. */
export const reportsKey = (uuid: string): string => `${PREFIX}:${uuid}:reports`;
/** A stream from the study to workers. */
export const controlKey = (uuid: string): string => `${PREFIX}:${uuid}:control`;
/** The lock of a job, as BullMQ names it. */
export const lockKey = (uuid: string, job: string): string => `${PREFIX}:${uuid}:${job}:lock`;
/** The list of active jobs, as BullMQ names it. */
export const activeKey = (uuid: string): string => `${PREFIX}:${uuid}:active`;
/** The set of jobs that were active at the last check, as BullMQ names it. */
export const stalledKey = (uuid: string): string => `${PREFIX}:${uuid}:stalled`;

/** The id of the job of a trial, offered first as this attempt. */
export const jobId = (trial: number, attempt: number): string => `trial-${trial}.${attempt}`;
