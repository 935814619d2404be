/** A request to end a run, as the run sees it. */
export interface StopRequest {
  /** Empty if none was given. */
  readonly reason: string;
  /** The time it was made; ISO 8601, UTC. */
  readonly at: string;
  /** The user and host that made it, as they said. */
  readonly by: string;
}
