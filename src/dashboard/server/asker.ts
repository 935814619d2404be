import type { Socket } from 'node:net';
import type { Asker } from '../data/data-threads.js';
import type { Asked } from './backend.js';

/**
 * Returns the client of a request. On the loopback all have one address, but a browser and a
 * program differ in their User-Agent.
 */
export function askerOf(c: Asked): Asker {
  const { socket } = c.env.incoming;
  return {
    client: `${socket.remoteAddress ?? ''} ${c.req.header('User-Agent') ?? ''}`,
    signal: presenceOf(socket),
  };
}

const presences = new WeakMap<Socket, AbortSignal>();

/**
 * Returns a signal that aborts when a connection is closed. All requests of the connection share
 * it: a response that waits for an earlier one gets no `close` event.
 */
function presenceOf(socket: Socket): AbortSignal {
  const known = presences.get(socket);
  if (known !== undefined) return known;
  const control = new AbortController();
  if (socket.destroyed) control.abort();
  socket.once('close', () => {
    control.abort();
  });
  presences.set(socket, control.signal);
  return control.signal;
}
