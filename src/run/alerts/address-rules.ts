import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

type Family = 'ipv4' | 'ipv6';

const listOf = (...subnets: readonly (readonly [address: string, prefix: number])[]): BlockList => {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, familyOf(address));
  return list;
};

const familyOf = (address: string): Family => (isIPv4(address) ? 'ipv4' : 'ipv6');

const LOOPBACK = listOf(['127.0.0.0', 8], ['::1', 128]);
/** Addresses of a network that is not the internet: private, shared, link-local. */
const PRIVATE = listOf(
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
);
/** Addresses at which no machine answers by itself: unspecified, multicast, reserved, for examples. */
const NOBODY = listOf(
  ['0.0.0.0', 8],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 128],
  ['100::', 64],
  ['2001:db8::', 32],
  ['ff00::', 8],
);
/** IPv6 addresses that stand for an IPv4 one in their last 32 bits. */
const EMBEDS_AT_END = listOf(['::ffff:0:0', 96], ['::', 96], ['64:ff9b::', 96]);
/** The same, in the 32 bits after the first 16; and Teredo, which can lead to any address. */
const EMBEDS_ELSEWHERE = listOf(['2002::', 16], ['2001::', 32], ['64:ff9b:1::', 48]);

/** The addresses that a webhook may be at. */
export interface AllowedAddresses {
  /** True for loopback addresses only: the URL is http. */
  readonly isLocalOnly: boolean;
  /** True for a URL that names this machine. */
  readonly mayBeLocal: boolean;
  readonly allowPrivate: boolean;
}

/** Returns the reason why an address must not be connected to; null if it may be. */
export function refusalOf(given: string, allowed: AllowedAddresses): string | null {
  const [address = ''] = given.split('%');
  if (isIP(address) === 0) return 'it has no address';
  return refusalOfPlain(plainOf(address), allowed);
}

function refusalOfPlain(
  address: string,
  { isLocalOnly, mayBeLocal, allowPrivate }: AllowedAddresses,
): string | null {
  const family = familyOf(address);
  const isLoopback = LOOPBACK.check(address, family);
  if (isLocalOnly && !isLoopback) return 'its http address is not on this machine';
  if (isLoopback) return mayBeLocal || allowPrivate ? null : privately('a loopback');
  if (NOBODY.check(address, family)) return 'its address is reserved';
  if (isIPv6(address) && EMBEDS_ELSEWHERE.check(address, 'ipv6'))
    return allowPrivate ? null : privately('a tunnel');
  return allowPrivate || !PRIVATE.check(address, family) ? null : privately('a private or link-local');
}

const privately = (what: string): string =>
  `its name leads to ${what} address; set alerts: { allowPrivate: true } if that is right`;

/** The IPv4 address that an IPv6 one stands for, else the address itself. */
function plainOf(address: string): string {
  if (isIPv4(address) || address === '::' || address === '::1' || !EMBEDS_AT_END.check(address, 'ipv6'))
    return address;
  // The canonical form of a URL has no dotted part and no leading zeros.
  const parts = new URL(`http://[${address}]`).hostname.replace(/[[\]]/g, '').split(':');
  const [high, low] = [parts.at(-2), parts.at(-1)].map((part) => Number.parseInt(part || '0', 16));
  const bits = (high ?? 0) * 65_536 + (low ?? 0);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}
