/** A request to end a run, as the run sees it. */
export interface StopRequest {
  /** Empty if none was given. */
  readonly reason: string;
  /** The time it was made; ISO 8601, UTC. */
  readonly at: string;
  /** The user and host that made it, as they said. */
  readonly by: string;
}

/** Says in one sentence that a run was asked to stop, by whom and why. */
export const stopText = ({ reason, by }: Pick<StopRequest, 'reason' | 'by'>): string =>
  `the run was asked to stop${by === '' ? '' : ` by ${by}`}${reason === '' ? '' : `: ${reason}`}`;
