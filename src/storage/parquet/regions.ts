import { corrupt } from './corrupt.js';
import type { Region } from './facts.js';

const REGION = /^(\d{1,16})\+(\d{1,16})=([0-9a-f]{8})$/;

/**
 * The regions as the footer's metadata holds them: `offset+length=crc`, the checksum in hex,
 * separated by blanks.
 */
export function formatRegions(regions: readonly Region[]): string {
  return regions
    .map(({ offset, length, crc }) => `${String(offset)}+${String(length)}=${hex(crc)}`)
    .join(' ');
}

/**
 * Parses the text of {@link formatRegions}; regions must end before `end`.
 *
 * @throws ExpmanError `CORRUPT`
 */
export function parseRegions(text: string, end: number): Region[] {
  if (text === '') return [];
  return text.split(' ').map((part) => {
    const match = REGION.exec(part);
    if (match === null) throw corrupt('its list of regions cannot be read');
    const region = { offset: Number(match[1]), length: Number(match[2]), crc: parseInt(match[3] ?? '', 16) };
    if (!(region.offset + region.length <= end)) throw corrupt('a region lies beyond the data');
    return region;
  });
}

/** A CRC-32 as eight hex digits. */
export function hex(crc: number): string {
  return (crc >>> 0).toString(16).padStart(8, '0');
}
