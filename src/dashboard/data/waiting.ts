/**
 * A queue that serves clients in turn, one item each, so that no client waits for all the items of
 * another.
 */
export class Waiting<T> {
  /**
   * Items by client, the client whose turn is next first; every client here has at least one item.
   */
  private readonly clients = new Map<string, T[]>();

  get size(): number {
    return [...this.clients.values()].reduce((sum, { length }) => sum + length, 0);
  }

  add(client: string, item: T): void {
    const own = this.clients.get(client);
    if (own === undefined) this.clients.set(client, [item]);
    else own.push(item);
  }

  /** Takes the next item; undefined if nothing waits. */
  next(): T | undefined {
    for (const [client, [first, ...rest]] of this.clients) {
      this.clients.delete(client);
      if (rest.length > 0) this.clients.set(client, rest);
      return first;
    }
    return undefined;
  }

  /** Removes an item; returns whether it was waiting. */
  delete(item: T): boolean {
    for (const [client, own] of this.clients) {
      if (!own.includes(item)) continue;
      const rest = own.filter((each) => each !== item);
      if (rest.length > 0) this.clients.set(client, rest);
      else this.clients.delete(client);
      return true;
    }
    return false;
  }

  /**
   * Takes the newest item of the client that has the most; undefined if no client has more than
   * this one would have with one more.
   */
  takeFromGreediest(client: string): T | undefined {
    const own = this.clients.get(client)?.length ?? 0;
    const [greediest] = [...this.clients.values()].sort((one, other) => other.length - one.length);
    return greediest === undefined || greediest.length <= own + 1 ? undefined : greediest.pop();
  }
}
